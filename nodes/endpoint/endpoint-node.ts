/** The node of an endpoint: an API whose requests the flow behind it answers. */
import type { Node, NodeAPI } from 'node-red';
import type { BackendIdentity } from '../core/completion.ts';
import { LlmError } from '../core/errors.ts';
import { isRecord } from '../core/json.ts';
import { refuseUnset } from '../core/variables.ts';
import { accessOf } from '../runtime/access.ts';
import type { LlmMessage } from '../runtime/calls.ts';
import { asProblem } from '../runtime/connection.ts';
import { Mount } from '../runtime/http/mount.ts';
import { InFlight } from '../runtime/in-flight.ts';
import { announce, type Asked as Trial, type Asking, canvasIdOf, identityOf, type LlmNode } from '../runtime/llm-nodes.ts';
import type { Send } from '../runtime/reply.ts';
import { newStageId } from '../runtime/stage-events.ts';
import { StageRequest } from '../runtime/stage-request.ts';
import { type StageFacts, StatusLine, statusOfStage, withAccess } from '../runtime/status.ts';
import { isWired } from '../runtime/wires.ts';
import { tellAccess } from './access.ts';
import { bodyMemory } from './body-memory.ts';
import { type Answered, type Asked, type Flow, HttpApi, type Question } from './http-api.ts';
import { type EndpointConfig, type EndpointCredentials, type Parts, readParts } from './parts.ts';
import { Refusal } from './status.ts';

/** The one branch: everything behind the node. */
const branch = { port: 0, name: '' };

export class EndpointNode implements LlmNode {
  readonly identity: BackendIdentity;
  readonly canvasId: string | undefined;
  readonly kind = 'endpoint';
  readonly refusal = undefined;
  readonly waiting = 0;
  readonly #RED: NodeAPI;
  readonly #node: Node<EndpointCredentials>;
  readonly #inFlight: InFlight;
  readonly #status: StatusLine;
  #problem: LlmError | undefined;
  #mount: Mount | undefined;
  readonly #leave: () => void;
  #parts: Parts | undefined;
  readonly #closing = new AbortController();
  #last: StageFacts['last'];
  /** The mistake in the flow that the log was told of last. */
  #told: string | undefined;

  constructor(RED: NodeAPI, node: Node<EndpointCredentials>, config: EndpointConfig) {
    this.#RED = RED;
    this.#node = node;
    this.identity = identityOf(node);
    this.canvasId = canvasIdOf(node);
    this.#inFlight = new InFlight(RED);
    this.#status = new StatusLine(node, () => this.#mount?.status ?? withAccess(statusOfStage(this.#facts()), this.#parts?.found));
    this.#leave = announce(this);
    try {
      // Keys that are not there close it, and are told as such.
      refuseUnset(config);
      this.#open(readParts(config, node.credentials, { memory: bodyMemory(RED), find: (question) => accessOf(RED, node, question) }));
    } catch (error) {
      this.#problem = asProblem(error);
      node.error(this.#problem.message);
    }
    this.#status.update();
    node.on('close', (done: () => void) => void this.#close().then(done));
  }

  #open(parts: Parts): void {
    this.#parts = parts;
    tellAccess(this.#node, parts);
    const { path, listening } = parts;
    this.#mount = new Mount(this.#RED, this.#node, { path, listening, mounted: new HttpApi(parts, this.#flow(parts)), update: () => this.#status.update() });
  }

  #flow(parts: Parts): Flow {
    const closing = this.#closing.signal;
    return {
      identity: this.identity,
      get isClosing() {
        return closing.aborted;
      },
      handOn: (req, res, path) => this.#mount?.handOn(req, res, path),
      run: (work) => this.#inFlight.run(work),
      ask: (question, asked) => this.#ask(parts, question, asked),
      failed: (failure) => this.#fail(failure),
      update: () => this.#status.update(),
      debug: (message) => this.#node.debug(message),
    };
  }

  get busy(): number {
    return this.#inFlight.size;
  }

  get models(): readonly string[] {
    return this.#parts?.models ?? [];
  }

  get isMisconfigured(): boolean {
    return this.#problem !== undefined || this.#parts?.found.access === 'closed';
  }

  /** As a client does that needs no key. */
  ask({ payload, llm }: LlmMessage, { signal, sink }: Asking): Trial {
    const id = newStageId();
    const ask = async ({ signal }: AbortController) => {
      const parts = this.#parts;
      if (!parts) throw this.#problem;
      const { model, ...settings } = isRecord(llm) ? llm : {};
      const offered = parts.names.resolve(typeof model === 'string' ? model : undefined);
      const asked = { id, requestId: id, model: offered.model, traceparent: undefined, client: undefined, sink, signal };
      return this.#ask(parts, { payload, llm: settings }, asked);
    };
    return { id, answer: this.#inFlight.run(ask, signal) };
  }

  /** Sends the request into the flow. @throws LlmError */
  async #ask({ timeoutMs }: Parts, { payload, llm }: Question, { id, model, client, requestId, traceparent, sink, signal }: Asked): Promise<Answered> {
    // Its body took longer than this node lived.
    if (this.#closing.signal.aborted) throw new LlmError('unavailable', 'The endpoint is being deployed anew.', { hint: 'Send the request again.', retryAfterMs: 1_000, redeployed: true });
    if (!isWired(this.#node, 0)) throw new Refusal(503, 'misconfigured', 'No flow stands behind the endpoint.', 'Wire its port to a backend or a stage, and deploy.');
    const msg: LlmMessage = { payload, llm: { ...llm, ...(model !== '' && { model }), ...(client !== undefined && { client }) } };
    const send: Send = (out) => this.#node.send(out);
    const stage = new StageRequest(msg, { RED: this.#RED, node: this.#node, send, signal, closing: this.#closing.signal, sink, deadline: Infinity }, { id });
    const { completion, ...answer } = await stage.answer((asked) => asked.attempt(branch, { timeoutMs }), { requestId, ...(traceparent !== undefined && { traceparent }) });
    if (!completion) throw new LlmError('server', 'The flow gave an answer without a completion.');
    this.#told = undefined;
    this.#last = { ok: true, branch: completion.backend.name, totalMs: completion.timing.totalMs, failedOver: stage.attempts.length > 1 };
    return { ...answer, completion };
  }

  /** What the flow's author has to mend stands in the debug sidebar, once for as long as it lasts: what clients do wrong does not. */
  #fail({ kind, message }: LlmError): void {
    this.#last = { ok: false, kind };
    if (kind !== 'misconfigured' || message === this.#told) return;
    this.#told = message;
    this.#node.error(message);
  }

  #facts(): StageFacts {
    return { busy: this.#inFlight.size, waiting: 0, note: undefined, problem: this.#problem !== undefined, last: this.#last };
  }

  async #close(): Promise<void> {
    this.#closing.abort(new LlmError('cancelled', 'The node closes.'));
    this.#leave();
    this.#mount?.leave();
    await this.#inFlight.drain();
    this.#status.close();
  }
}
