import type { NodeAPI } from 'node-red';
import { LlmError } from '../../core/errors.ts';
import { calls, type LlmMessage, topFrame } from '../../runtime/calls.ts';
import { watchForeignNodes } from '../../runtime/foreign-nodes.ts';
import { registerNode } from '../../runtime/register.ts';
import { reportOf } from '../../runtime/report.ts';
import { writesIntoNoValue } from '../../runtime/shared-messages.ts';
import { outcomeOf } from './answer.ts';

export default function register(RED: NodeAPI): void {
  watchForeignNodes(RED);
  registerNode(RED, 'llm-return', (node) => {
    writesIntoNoValue(node);
    node.on('input', (msg: LlmMessage, _send, done) => {
      const frame = topFrame(msg);
      if (!frame) {
        done(reportOf(nobodyWaits()));
        return;
      }
      // Also where the call is over: what comes late is counted.
      calls.settle(frame, outcomeOf(msg, calls.find(frame)?.msg ?? {}, node));
      done();
    });
  });
}

function nobodyWaits(): LlmError {
  return new LlmError('misconfigured', 'No stage waits for this message.', {
    hint: 'llm-return stands at the end of a branch of a pool, a fallback or a router, and its message must keep _llmCalls.',
  });
}
