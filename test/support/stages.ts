/** Stages with branches of any nodes, in Node-RED's own runtime. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import registerEcho from '../../nodes/backends/echo/echo.ts';
import registerLlamaCpp from '../../nodes/backends/llamacpp/llamacpp.ts';
import { calls } from '../../nodes/runtime/calls.ts';
import registerFallback from '../../nodes/stages/fallback/fallback.ts';
import registerPool from '../../nodes/stages/pool/pool.ts';
import registerReturn from '../../nodes/stages/return/return.ts';
import registerRouter from '../../nodes/stages/router/router.ts';
import { core, Flow, type FlowMessage, type FlowNode, join } from './flow.ts';

const paths = ['common/60-link.js', 'common/21-debug.js', 'function/10-function.js', 'function/15-change.js', 'function/89-delay.js'];
const nodesOfNodeRed = [...paths, 'function/89-trigger.js', 'network/21-httprequest.js'].map(core);
const nodesOfOurs = [registerEcho, registerLlamaCpp, registerPool, registerFallback, registerRouter, registerReturn];

/** Starts a flow for one test. When the test ends, no call may be open. */
export async function startStages(t: TestContext, nodes: FlowNode[]): Promise<Flow> {
  const flow = await Flow.start([...nodesOfOurs, ...nodesOfNodeRed, join], nodes);
  t.after(async () => {
    await flow.end();
    assert.equal(calls.size, 0, 'A call was left open.');
  });
  return flow;
}

/** One branch: the nodes that its port is wired to, and what else its row says. */
export type BranchRow = [wires: string[], row?: Record<string, unknown>];

/**
 * A fallback with the id `stage`, its branches A, B … as given. Answers and failures go to `out`, and `completed` gets what a
 * complete node says of it.
 */
export function stage(branches: BranchRow[], config: Record<string, unknown> = {}): FlowNode[] {
  return [
    fallback('stage', branches, { wires: [['out'], ...branches.map(([wires]) => wires), ['tokens']], ...config }),
    { id: 'out', type: 'helper', wires: [] },
    { id: 'tokens', type: 'helper', wires: [] },
    { id: 'catch', type: 'catch', scope: ['stage'], wires: [['out']] },
    { id: 'complete', type: 'complete', scope: ['stage'], wires: [['completed']] },
    { id: 'completed', type: 'helper', wires: [] },
  ];
}

export function fallback(id: string, branches: BranchRow[], config: Record<string, unknown> = {}): FlowNode {
  const wires = [[], ...branches.map(([wired]) => wired)];
  return { id, type: 'llm-fallback', name: id, branches: branches.map(([, row = {}]) => row), wires, ...config };
}

/** A backend that answers at once with its prompt. */
export function echo(id: string, config: Record<string, unknown> = {}): FlowNode {
  return { id, type: 'llm-echo', name: id, tokensPerSecond: 0, retries: 0, breakerFailures: 0, wires: [[]], ...config };
}

/** A function node with an output for each list of wires. */
export function func(id: string, code: string, ...wires: string[][]): FlowNode {
  return { id, type: 'function', name: id, func: code, outputs: wires.length, initialize: '', finalize: '', libs: [], wires };
}

export const returnNode: FlowNode = { id: 'return', type: 'llm-return', wires: [] };

export const prompt = 'Once upon a time';

/** What comes out of the stage for one message: exactly one answer or failure, and nothing after it. */
export async function askStage(flow: Flow, msg: object = { payload: prompt }): Promise<FlowMessage> {
  flow.send('stage', msg);
  const out = await flow.next('out');
  assert.deepEqual(await flow.rest('out'), [], 'More than one outcome came out.');
  return out;
}

/** The answer to one message; a failure fails the test. */
export async function answerOf(flow: Flow, msg?: object): Promise<FlowMessage> {
  const out = await askStage(flow, msg);
  assert.ok(!isFailure(out), out.error?.message);
  assert.equal((await flow.rest('completed')).length, 1, 'The stage is done once.');
  assert.equal('_llmCalls' in out, false, 'No frame is left.');
  return out;
}

/** The failure of one message, as a Catch node has it; an answer fails the test. */
export async function failureOf(flow: Flow, msg?: object): Promise<NonNullable<FlowMessage['error']>> {
  const out = await askStage(flow, msg);
  assert.ok(isFailure(out) && out.error, 'An answer came where a failure was expected.');
  assert.equal('_llmCalls' in out, false, 'No frame is left.');
  return out.error;
}

function isFailure({ error }: FlowMessage): boolean {
  return error?.source?.id === 'stage';
}

/** What was tried, in short: `A: server`, `B: ok`. */
export function triedIn(attempts: ReadonlyArray<{ branch?: string; outcome: string; error?: string }> | undefined): string[] {
  return (attempts ?? []).map(({ branch, outcome, error = outcome }) => `${branch}: ${error}`);
}
