/** Asks a node as a stage does that has it in a branch: with a call, a signal and a reader of the test's own. */
import type { StreamPart, TokenSink } from '../../nodes/core/completion.ts';
import { LlmError } from '../../nodes/core/errors.ts';
import { calls, type Frame, type LlmMessage, type Outcome } from '../../nodes/runtime/calls.ts';
import { settled } from './fake-time.ts';
import type { Flow } from './flow.ts';

export interface AskOptions {
  signal?: AbortSignal;
  sink?: TokenSink;
}

/** Resolves with what a stage would get to hear. */
export function ask(flow: Flow, id: string, msg: object, { signal = new AbortController().signal, sink }: AskOptions = {}): Promise<Outcome> {
  const { frame, outcome } = calls.open('test', { msg: msg as LlmMessage, signal, sink, deadline: Infinity, isLost: () => false });
  flow.send(id, { ...msg, _llmCalls: [frame] });
  return outcome;
}

/** The frame of a call that is over. */
export function lateFrame(): Frame {
  const { frame } = calls.open('test', { msg: { _msgid: 'm' }, signal: AbortSignal.abort(hungUp), sink: undefined, deadline: Infinity, isLost: () => false });
  return frame;
}

export const hungUp = new LlmError('cancelled', 'The caller went away.');

/** A reader of tokens: what it has seen since it was last told to start over. */
export class Reader implements TokenSink {
  parts: StreamPart[] = [];
  restarts = 0;

  get text(): string {
    return textOf(this.parts);
  }

  write(parts: readonly StreamPart[]): void | Promise<void> {
    this.parts.push(...parts);
  }

  restart(): void {
    this.parts = [];
    this.restarts++;
  }
}

/** The same for a reader that cannot take anything back. */
export function withoutRestart(reader: Reader): TokenSink {
  return { write: (parts) => reader.write(parts) };
}

export function textOf(parts: readonly StreamPart[]): string {
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

/** Resolves as soon as something is true. The time limit of the test is its limit. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await settled();
}
