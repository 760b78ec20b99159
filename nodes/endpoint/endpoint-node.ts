/** The node of an endpoint: an API whose requests the flow behind it answers. */
import type { Node, NodeAPI } from 'node-red';
import type { BackendIdentity } from '../core/completion.ts';
import { type FailureKind, LlmError } from '../core/errors.ts';
import { isRecord } from '../core/request.ts';
import type { LlmMessage } from '../runtime/calls.ts';
import { accessOf } from '../runtime/access.ts';
import { asProblem } from '../runtime/connection.ts';
import { InFlight } from '../runtime/in-flight.ts';
import { announce, type Asked as Trial, type Asking, canvasIdOf, identityOf, type LlmNode } from '../runtime/llm-nodes.ts';
import type { Send } from '../runtime/reply.ts';
import { mount } from '../runtime/routes.ts';
import { newStageId } from '../runtime/stage-events.ts';
import { StageRequest } from '../runtime/stage-request.ts';
import { type StageFacts, StatusLine, statusOfStage, withAccess } from '../runtime/status.ts';
import { isWired } from '../runtime/wires.ts';
import { type Answered, type Asked, type Flow, HttpApi, type Question } from './http-api.ts';
import { tellAccess } from './access.ts';
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
  #unmount: (() => void) | undefined;
  readonly #leave: () => void;
  #parts: Parts | undefined;
  #isClosing = false;
  #last: StageFacts['last'];

  constructor(RED: NodeAPI, node: Node<EndpointCredentials>, config: EndpointConfig) {
    this.#RED = RED;
    this.#node = node;
    this.identity = identityOf(node);
    this.canvasId = canvasIdOf(node);
    this.#inFlight = new InFlight(RED);
    this.#status = new StatusLine(node, () => withAccess(statusOfStage(this.#facts()), this.#parts?.found));
    this.#leave = announce(this);
    try {
      this.#open(readParts(config, node.credentials, (question) => accessOf(RED, node, question)));
    } catch (error) {
      this.#problem = asProblem(error);
      node.error(this.#problem.message);
    }
    this.#status.update();
    node.on('close', (done: () => void) => void this.#close().then(done));
  }

  #open(parts: Parts): void {
    this.#unmount = mount(this.#RED, parts.path, new HttpApi(parts, this.#flow(parts)));
    if (!this.#unmount) throw new RangeError(`Another endpoint has the path ${parts.path}.`);
    this.#parts = parts;
    tellAccess(this.#node, parts);
  }

  #flow(parts: Parts): Flow {
    const isClosing = () => this.#isClosing;
    return {
      identity: this.identity,
      get isClosing() {
        return isClosing();
      },
      run: (work) => this.#inFlight.run(work),
      ask: (question, asked) => this.#ask(parts, question, asked),
      failed: (kind) => this.#fail(kind),
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
    if (!isWired(this.#node, 0)) throw new Refusal(503, 'unavailable', 'No flow stands behind the endpoint.', 'Wire its port to a backend or a stage, and deploy.');
    const msg: LlmMessage = { payload, llm: { ...llm, ...(model !== '' && { model }), ...(client !== undefined && { client }) } };
    const send: Send = (out) => this.#node.send(out);
    const stage = new StageRequest(msg, { RED: this.#RED, node: this.#node, send, signal, closing: signal, sink, deadline: Infinity }, { id });
    const { completion, ...answer } = await stage.answer((asked) => asked.attempt(branch, { timeoutMs }), { requestId, ...(traceparent !== undefined && { traceparent }) });
    if (!completion) throw new LlmError('server', 'The flow gave an answer without a completion.');
    this.#last = { ok: true, branch: completion.backend.name, totalMs: completion.timing.totalMs, failedOver: stage.attempts.length > 1 };
    return { ...answer, completion };
  }

  #fail(kind: FailureKind): void {
    this.#last = { ok: false, kind };
  }

  #facts(): StageFacts {
    return { busy: this.#inFlight.size, waiting: 0, note: undefined, problem: this.#problem !== undefined, last: this.#last };
  }

  async #close(): Promise<void> {
    // Until the path is free, whoever comes is told to come again.
    this.#isClosing = true;
    this.#leave();
    await this.#inFlight.drain();
    this.#unmount?.();
    this.#status.close();
  }
}
