/** What requests meet while a server starts, when it is killed under them, and when it is back. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Backend } from '../../../nodes/core/backend.ts';
import type { FailureKind, LlmError } from '../../../nodes/core/errors.ts';
import type { CompletionRequest } from '../../../nodes/core/request.ts';
import { freePort } from '../../../scripts/port.ts';
import { backendOf, failureOf } from '../../support/requests.ts';
import type { Plan, Starting } from './plan.ts';
import { ask, endless, greedy, story } from './row.ts';
import type { RealServer } from './server.ts';
import { type HealthWatch, watchHealth } from './status.ts';
import type { Subject } from './subject.ts';

/** The name of the row, which a subject may be left out of: each takes a slot. */
export const killedRow = 'a server that is killed in the middle of an answer';

/** The server and what was seen of it: some rows need it to start or to die, which happens once for all subjects. */
export class Life {
  readonly #plan: Plan;
  #port = 0;
  #starting: Starting | undefined;
  #server: RealServer | undefined;
  #health: HealthWatch | undefined;
  readonly #loading = new Map<Subject, FailureKind[]>();
  #killed: Promise<Map<Subject, LlmError>> | undefined;
  #restarted: Promise<void> | undefined;
  readonly #backends = new Map<Subject, { backend: Backend; close: () => Promise<void> }>();

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  get server(): RealServer {
    assert.ok(this.#server, 'The server has not started.');
    return this.#server;
  }

  get version(): string {
    return this.#server?.version ?? 'that did not start';
  }

  async begin(): Promise<void> {
    const { subjects, nodeType, start, startSlowly } = this.#plan;
    this.#port = await freePort();
    const url = `http://127.0.0.1:${this.#port}`;
    for (const subject of subjects) {
      await subject.begin?.(url);
      const { client, close } = subject.connect(url);
      this.#backends.set(subject, { backend: backendOf(client, { breakerFailures: 0 }), close });
    }
    this.#health = await watchHealth(nodeType, url);
    await this.#health.until('down');
    await this.#observeStart(startSlowly ?? start);
    if (!startSlowly) return;
    await this.#starting?.kill();
    await this.#health.until('down');
    await this.#start(start);
  }

  async end(): Promise<void> {
    await this.#starting?.kill();
    await this.#health?.end();
    for (const backend of this.#backends.values()) await backend.close();
    for (const { end } of this.#plan.subjects) await end?.();
  }

  /** Whoever asked while it loaded was told to wait or that nothing listens yet, and is answered now by the same connection. */
  async assertLoading(subject: Subject, t: TestContext): Promise<void> {
    const kinds = this.#loading.get(subject) ?? [];
    t.diagnostic(kinds.join(', '));
    assert.ok(kinds.length > 0, 'It was ready at once.');
    for (const kind of kinds) assert.match(kind, /^(unavailable|overloaded)$/);
    await this.#assertAnswers(subject);
  }

  async assertKilled(subject: Subject): Promise<void> {
    const failure = (await (this.#killed ??= this.#kill())).get(subject);
    assert.equal(failure?.kind, 'interrupted');
    assert.ok(failure?.partial && failure.hint);
    const gone = await failureOf(this.#backendOf(subject).complete(this.#request));
    assert.equal(gone.kind, 'unavailable');
    // A pool that asks its servers for their health knows before it tries.
    assert.match(gone.hint ?? '', /Nothing listens on|all are down/);
  }

  async assertBack(subject: Subject): Promise<string | void> {
    const { cannotRestart, start } = this.#plan;
    if (cannotRestart !== undefined) return cannotRestart;
    await (this.#restarted ??= this.#start(start));
    return this.#assertAnswers(subject);
  }

  async assertHealth(): Promise<void> {
    await this.#health?.until(this.#plan.cannotRestart === undefined ? 'ready' : 'down');
    const seen = this.#health?.seen().join(' ') ?? '';
    const loaded = /^down (loading )?ready\b/;
    assert.match(seen, loaded);
    assert.match(seen.replace(loaded, ''), this.#plan.cannotRestart === undefined ? /down (loading )?ready$/ : /^ down$/);
  }

  async #assertAnswers(subject: Subject): Promise<void> {
    assert.equal((await this.#backendOf(subject).complete(this.#request)).usage.outputTokens, 8);
  }

  async #observeStart(start: Plan['start']): Promise<void> {
    this.#starting = await start(this.#port);
    const ready = this.#starting.ready.then(() => undefined);
    const asking = this.#plan.subjects.map(async (subject) => {
      this.#loading.set(subject, await askUntil(ready, this.#backendOf(subject), this.#request));
    });
    await Promise.all([...asking, this.#settle()]);
  }

  async #start(start: Plan['start']): Promise<void> {
    this.#starting = await start(this.#port);
    await this.#settle();
  }

  async #settle(): Promise<void> {
    this.#server = await this.#starting?.ready;
    await this.#health?.until('ready');
  }

  async #kill(): Promise<Map<Subject, LlmError>> {
    const subjects = this.#plan.subjects.filter(({ cannot }) => cannot[killedRow] === undefined);
    const streams = subjects.map((subject) => ({ backend: this.#backendOf(subject), request: ask({ server: this.#plan }, story, endless) }));
    const ends = await killUnder(streams, () => this.server.kill());
    await this.#health?.until('down');
    return new Map(subjects.map((subject, index) => [subject, ends[index] ?? assert.fail()]));
  }

  #backendOf(subject: Subject): Backend {
    return this.#backends.get(subject)?.backend ?? assert.fail();
  }

  get #request(): CompletionRequest {
    return ask({ server: this.#plan }, story, greedy);
  }
}

/** Asks again and again until the server is ready; resolves with the failures up to then, each kind once. */
async function askUntil(ready: Promise<void>, backend: Backend, request: CompletionRequest): Promise<FailureKind[]> {
  const kinds = new Set<FailureKind>();
  const answered = new AbortController();
  const stop = () => answered.abort();
  ready.then(stop, stop);
  while (!answered.signal.aborted) {
    await backend.complete(request).then(stop, ({ kind, hint }: LlmError) => {
      assert.ok(hint);
      kinds.add(kind);
    });
    await delay(10);
  }
  return [...kinds];
}

/** Kills the server once every one of the streams has begun. Resolves with how each of them ended. */
async function killUnder(streams: ReadonlyArray<{ backend: Backend; request: CompletionRequest }>, kill: () => Promise<void>): Promise<LlmError[]> {
  const begun = streams.map(() => Promise.withResolvers<void>());
  const ends = streams.map(({ backend, request }, index) => failureOf(backend.complete(request, { sink: { write: () => begun[index]?.resolve() } })));
  const ended = Promise.all(ends);
  // One that is over before all have begun fails the row here.
  await Promise.race([Promise.all(begun.map(({ promise }) => promise)), ended]);
  await kill();
  return ended;
}
