/** Many requests at a tree of stages, by wire and by call, with callers that hang up and deploys in between. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import registerEcho from '../../nodes/backends/echo/echo.ts';
import type { AttemptRecord, StreamPart } from '../../nodes/core/completion.ts';
import type { LlmError } from '../../nodes/core/errors.ts';
import type { LlmMessage, Outcome } from '../../nodes/runtime/calls.ts';
import registerFallback from '../../nodes/stages/fallback/fallback.ts';
import registerPool from '../../nodes/stages/pool/pool.ts';
import registerReturn from '../../nodes/stages/return/return.ts';
import registerRouter from '../../nodes/stages/router/router.ts';
import { ask, hungUp, Reader, until, withoutRestart } from './asking.ts';
import { checkOutcomes, checkPaths } from './attempts.ts';
import { type Chance, rule } from './chance.ts';
import { settled } from './fake-time.ts';
import { Flow, type FlowMessage, type FlowNode, quiet } from './flow.ts';
import { answerType, passType } from './foreign.ts';
import { nodesOf, type StageTree } from './trees.ts';

interface Question extends LlmMessage {
  payload: string;
  number: number;
}

/** What a request has left behind in the flow. */
interface Trace {
  /** Those that left the root by wire. */
  readonly answers: LlmMessage[];
  /** Each time that the root was done with it, and with which failure. */
  readonly dones: Array<LlmError | undefined>;
  readonly isDone: Promise<void>;
  readonly done: () => void;
  /** Checks the answer that is to leave by wire; undefined where there is none. */
  answered: ((answer: LlmMessage) => void) | undefined;
}

export class Storm {
  readonly flow: Flow;
  /** Of the callers. */
  readonly signals: AbortSignal[] = [];
  readonly kinds = new Map<string, number>();
  readonly #tree: StageTree;
  readonly #nodes: FlowNode[];
  readonly #chance: Chance;
  readonly #foreign: { failsOneIn: number };
  #isOver = false;
  readonly #requests: Array<Promise<void>> = [];
  #deploys: Promise<void> = Promise.resolve();
  #isDeploying = false;
  /** In the order of the requests. */
  readonly #traces: Trace[] = [];

  static async start(tree: StageTree, chance: Chance): Promise<Storm> {
    const nodes: FlowNode[] = [
      ...nodesOf(tree, chance, ['answers']),
      ...['answers', 'watched'].map((id) => ({ id, type: 'helper', wires: [] })),
    ];
    const foreign = { failsOneIn: 20 };
    const types = [registerEcho, registerFallback, registerPool, registerRouter, registerReturn, answerType, passType(chance, foreign)];
    const flow = await Flow.start(types, nodes, { settings: { llm: { drainMs: 100 } } });
    return new Storm(flow, tree, nodes, chance, foreign);
  }

  private constructor(flow: Flow, tree: StageTree, nodes: FlowNode[], chance: Chance, foreign: { failsOneIn: number }) {
    this.#foreign = foreign;
    this.flow = flow;
    this.#tree = tree;
    this.#nodes = nodes;
    this.#chance = chance;
    flow.listen('answers', (msg) => this.#traceOf(msg)?.answers.push(msg));
    flow.onDone(tree.id, (msg, error) => {
      const trace = this.#traceOf(msg);
      trace?.dones.push(error);
      trace?.done();
    });
    flow.listen('watched', () => undefined);
  }

  /** Sends so many, a random number of them at a time, and resolves when each has its outcome. */
  async blow(count: number, { deploys = 0 } = {}): Promise<void> {
    const chance = this.#chance;
    const first = this.#requests.length;
    for (let sent = 0; sent < count; ) {
      await until(() => this.flow.has(this.#tree.id));
      for (let burst = chance.below(60); burst >= 0 && sent < count; burst--) this.#send(first + sent++);
      if (deploys > 0 && chance.oneIn(Math.ceil(count / 30 / deploys))) this.#deploy();
      await settled();
    }
    await Promise.all(this.#requests);
    await this.#deploys;
    await quiet();
    this.#checkTraces();
  }

  /** Lets go of all that it knows of the requests so far. */
  forget(): void {
    for (const list of [this.#requests, this.#traces, this.signals]) list.length = 0;
  }

  /** From now on nothing fails on purpose. */
  calm(t: TestContext): void {
    this.#foreign.failsOneIn = Infinity;
    rule(t, () => 0.999);
  }

  /** Every stage and backend answers, though not at once: some rest after failures, or have less time than the machine needs. */
  async checkAllAnswer(): Promise<void> {
    const nodes = this.#nodes.filter(({ type }) => type.startsWith('llm-') && type !== 'llm-return');
    await Promise.all(nodes.map(({ id }) => this.#checkAnswers(id)));
  }

  async #checkAnswers(id: string): Promise<void> {
    let outcome: Outcome | undefined;
    for (let tries = 0; tries < 200 && !outcome?.ok; tries++) outcome = await ask(this.flow, id, { payload: 'Hello', number: -1 });
    assert.ok(outcome?.ok, `${id} answers again.`);
    await until(() => !this.flow.statuses(id).at(-1)?.text?.includes('busy'));
  }

  /** Of the nodes; stopping twice does no harm. */
  async end(): Promise<void> {
    if (!this.#isOver) await this.flow.end();
    this.#isOver = true;
  }

  #send(number: number): void {
    const chance = this.#chance;
    const llm = { session: `s${chance.below(9)}`, priority: chance.below(3), ...(chance.oneIn(50) && { timeoutMs: 1 + chance.below(5) }) };
    const question = { payload: `Question ${number} of ${'many '.repeat(chance.below(4))}words`, number, llm };
    this.#requests.push(chance.oneIn(5) ? this.#sendByWire(question) : this.#sendByCall(question));
  }

  async #sendByWire(question: Question): Promise<void> {
    const trace = this.#trace(question.number);
    this.flow.send(this.#tree.id, { ...question });
    await trace.isDone;
    const [failure] = trace.dones;
    if (failure) this.#checkAttempts(failure.cause.attempts ?? [], false);
    else trace.answered = (answer) => this.#checkAnswer(question, answer);
    this.#count(failure?.kind ?? 'ok');
  }

  async #sendByCall(question: Question): Promise<void> {
    const trace = this.#trace(question.number);
    const chance = this.#chance;
    const controller = new AbortController();
    const { signal } = controller;
    this.signals.push(signal);
    const reader = new HastyReader(chance);
    const reads = !chance.oneIn(5);
    const sink = chance.oneIn(3) ? withoutRestart(reader) : reader;
    const asked = ask(this.flow, this.#tree.id, question, { signal, ...(reads && { sink }) });
    this.#hangUpAtTimes(controller);
    const outcome = await asked;
    reader.isOver = true;
    const isHungUp = signal.aborted;
    if (outcome.ok) this.#checkAnswer(question, outcome.msg);
    else this.#checkAttempts(outcome.failure.cause.attempts ?? [], false);
    if (reads && !isHungUp) checkReader(reader, outcome);
    // A copy of the answer goes along the wire.
    if (outcome.ok) trace.answered = (answer) => this.#checkAnswer(question, answer);
    await trace.isDone;
    assert.equal(trace.dones[0], undefined, 'What a call gets to hear is no error of the node.');
    this.#count(outcome.ok ? 'ok' : outcome.failure.kind);
  }

  #traceOf({ number }: FlowMessage): Trace | undefined {
    return this.#traces[number as number];
  }

  #trace(number: number): Trace {
    const { promise: isDone, resolve: done } = Promise.withResolvers<void>();
    return (this.#traces[number] = { answers: [], dones: [], isDone, done, answered: undefined });
  }

  /** Each request was done once, and was answered once or not at all. */
  #checkTraces(): void {
    for (const { answers, dones, answered } of this.#traces) {
      assert.deepEqual([dones.length, answers.length], [1, answered ? 1 : 0]);
      for (const answer of answers) answered?.(answer);
    }
  }

  #hangUpAtTimes(controller: AbortController): void {
    const turns = this.#chance.below(40);
    if (turns > 8) return;
    const hangUp = async () => {
      for (let turn = 0; turn < turns; turn++) await settled();
      controller.abort(hungUp);
    };
    void hangUp();
  }

  #checkAnswer({ payload, number }: Question, answer: LlmMessage): void {
    const { completion } = answer;
    assert.deepEqual([answer.payload, completion?.text, completion?.message.content], [payload, payload, payload]);
    assert.equal((answer as Question).number, number);
    this.#checkAttempts(completion?.attempts ?? [], true);
  }

  #checkAttempts(attempts: readonly AttemptRecord[], isAnswered: boolean): void {
    checkOutcomes(attempts, isAnswered);
    checkPaths(this.#tree, attempts);
  }

  #count(kind: string): void {
    this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
  }

  /** Deploys one of the tree's nodes anew; those that run go on meanwhile. */
  #deploy(): void {
    if (this.#isDeploying) return;
    this.#isDeploying = true;
    const at = this.#chance.below(this.#nodes.length - 2);
    const node = this.#nodes[at] as FlowNode;
    this.#nodes[at] = { ...node, version: ((node['version'] as number | undefined) ?? 0) + 1 };
    this.#deploys = this.flow.deploy(this.#nodes).then(() => {
      this.#isDeploying = false;
    });
  }
}

/** Takes its time now and then. */
class HastyReader extends Reader {
  readonly #chance: Chance;
  isOver = false;
  /** What came after the outcome. */
  late = 0;

  constructor(chance: Chance) {
    super();
    this.#chance = chance;
  }

  override write(parts: readonly StreamPart[]): void | Promise<void> {
    if (this.isOver) this.late++;
    void super.write(parts);
    return this.#chance.oneIn(8) ? settled() : undefined;
  }
}

/** A reader has seen just what the answer says, or as much of it as the failure says. */
function checkReader({ text, late }: HastyReader, outcome: Outcome): void {
  assert.equal(text, outcome.ok ? outcome.msg.completion?.text : (outcome.failure.partial ?? ''));
  assert.equal(late, 0);
}

