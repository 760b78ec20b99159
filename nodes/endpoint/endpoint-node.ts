/** The node of an endpoint: an API on Node-RED's HTTP port whose requests the flow behind it answers. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Node, NodeAPI } from 'node-red';
import type { BackendIdentity, Completion, TokenSink } from '../core/completion.ts';
import { LlmError } from '../core/errors.ts';
import { bus } from '../core/events.ts';
import { isRecord } from '../core/request.ts';
import type { LlmMessage } from '../runtime/calls.ts';
import { asProblem } from '../runtime/connection.ts';
import { InFlight } from '../runtime/in-flight.ts';
import { announce, type Asked as Trial, type Asking, canvasIdOf, identityOf, type LlmNode } from '../runtime/llm-nodes.ts';
import type { Send } from '../runtime/reply.ts';
import { mount } from '../runtime/routes.ts';
import { newStageId } from '../runtime/stage-events.ts';
import { StageRequest } from '../runtime/stage-request.ts';
import { type StageFacts, StatusLine, statusOfStage } from '../runtime/status.ts';
import { isWired } from '../runtime/wires.ts';
import { readBody } from './body.ts';
import { Cors } from './cors.ts';
import { Disclosure } from './disclosure.ts';
import { EventStream } from './event-stream.ts';
import type { AnswerIdentity, ClientRequest, Format, JsonObject } from './formats/format.ts';
import { anthropicMessages } from './formats/anthropic.ts';
import { openAiChat } from './formats/openai-chat.ts';
import { openAiCompletions } from './formats/openai-completions.ts';
import { openAiEmbeddings } from './formats/openai-embeddings.ts';
import { Gate } from './gate.ts';
import { flowHeaders, flowStatus, requestIdOf, sendJson, traceparentIn } from './http.ts';
import { Keys, readKeys } from './keys.ts';
import { expandsLlm, isModels, modelsBody, Names } from './names.ts';
import { servePage } from './page.ts';
import { isInVain, Refusal, statusFor } from './status.ts';
import { type EndpointField, readEndpointField, readModels, readOrigins, readPath } from './settings.ts';

export interface EndpointConfig extends Partial<Record<EndpointField, unknown>> {
  path?: unknown;
  models?: unknown;
  /** Whether answers name the backend and the number of attempts. */
  tellBackend?: unknown;
  /** Whether there is a chat page. */
  chat?: unknown;
  /** The origins whose pages may ask: `*`, or some; none without it. */
  cors?: unknown;
}

export interface EndpointCredentials {
  /** One a line: `name: key`. */
  keys?: unknown;
}

/** The APIs by their paths. */
const formats: Readonly<Record<string, Format | undefined>> = {
  '/chat/completions': openAiChat,
  '/completions': openAiCompletions,
  '/embeddings': openAiEmbeddings,
  '/messages': anthropicMessages,
};

/** What a request needs of its node, once the settings are found to be right. */
interface Parts {
  readonly path: string;
  readonly cors: Cors;
  readonly gate: Gate;
  /** What the rows name, on either side. */
  readonly models: readonly string[];
  readonly names: Names;
  readonly maxBytes: number;
  readonly heartbeatMs: number;
  readonly timeoutMs: number;
  readonly disclosure: Disclosure;
  readonly hasChat: boolean;
}

/** One request of a client and where its answer goes. */
interface Exchange {
  readonly res: ServerResponse;
  readonly path: string;
  readonly format: Format;
  /** That of the request at the stage. */
  readonly id: string;
  readonly requestId: string;
  /** What the client traces it as, where it does. */
  readonly traceparent: string | undefined;
  /** The name of the key. */
  readonly client: string | undefined;
}

/** The prompt, and the settings beside the model. */
interface Question {
  readonly payload: unknown;
  readonly llm: object;
}

/** What the flow is asked with, beside the prompt. */
interface Asked extends Pick<Exchange, 'id' | 'requestId' | 'traceparent' | 'client'> {
  /** Empty leaves each backend with its own. */
  readonly model: string;
  readonly sink: TokenSink | undefined;
  readonly signal: AbortSignal;
}

/** nginx's word for it; no status can be sent any more. */
const clientGone = 499;

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
    this.#status = new StatusLine(node, () => statusOfStage(this.#facts()));
    this.#leave = announce(this);
    try {
      this.#open(readParts(config, node.credentials));
    } catch (error) {
      this.#problem = asProblem(error);
      node.error(this.#problem.message);
    }
    this.#status.update();
    node.on('close', (done: () => void) => void this.#close().then(done));
  }

  #open(parts: Parts): void {
    this.#unmount = mount(this.#RED, parts.path, {
      handle: (req, res, path) => void this.#serve(parts, req, res, path),
      readsBody: (path) => formats[path] !== undefined,
    });
    if (!this.#unmount) throw new RangeError(`Another endpoint has the path ${parts.path}.`);
    this.#parts = parts;
  }

  get busy(): number {
    return this.#inFlight.size;
  }

  get models(): readonly string[] {
    return this.#parts?.models ?? [];
  }

  get isMisconfigured(): boolean {
    return this.#problem !== undefined;
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

  /** Never rejects: whatever happens, the client is told. */
  async #serve(parts: Parts, req: IncomingMessage, res: ServerResponse, path: string): Promise<void> {
    const requestId = requestIdOf(req);
    res.setHeader('x-request-id', requestId);
    if (parts.cors.answers(req, res)) return;
    const format = formats[path];
    try {
      if (parts.hasChat && (await servePage(path, req, res))) return;
      const client = parts.gate.nameOf(req.headers);
      if (!format && !isModels(path)) throw new Refusal(404, 'not_found', 'There is nothing at this path.');
      checkMethod(req, res, format ? ['POST'] : ['GET', 'HEAD']);
      if (format) await this.#admit(parts, req, { res, path, format, id: newStageId(), requestId, traceparent: traceparentIn(req), client });
      else sendJson(res, 200, modelsBody(parts.names, path, parts.disclosure.tells && expandsLlm(req.url)));
    } catch (error) {
      refuse(res, format ?? openAiChat, asProblem(error), parts.disclosure);
    }
  }

  async #admit(parts: Parts, req: IncomingMessage, exchange: Exchange): Promise<void> {
    const { format, client } = exchange;
    this.#tellEnd(exchange);
    if (this.#isClosing) throw new Refusal(503, 'unavailable', 'The endpoint is being deployed anew.', 'Send the request again.');
    const leave = parts.gate.enter(client);
    try {
      const request = format.read(await readBody(req, parts.maxBytes));
      await this.#inFlight.run((controller) => this.#answer(parts, request, exchange, controller));
    } finally {
      leave();
      this.#status.update();
    }
  }

  /** Once the answer is out, or the client has gone. */
  #tellEnd({ res, path, id, requestId, client }: Exchange): void {
    if (!bus.has('served')) return;
    const startedAt = performance.now();
    res.once('close', () => {
      const status = res.writableFinished ? res.statusCode : clientGone;
      bus.emit('served', { id, requestId, endpoint: this.identity, ...(client !== undefined && { client }), path, status, ms: performance.now() - startedAt });
    });
  }

  async #answer(parts: Parts, request: ClientRequest, exchange: Exchange, controller: AbortController): Promise<void> {
    this.#status.update();
    const { res, format, requestId } = exchange;
    const offered = parts.names.resolve(request.llm.model);
    const identity: AnswerIdentity = { id: format.idPrefix + crypto.randomUUID(), model: offered.name, created: Math.floor(Date.now() / 1000) };
    const stream = request.stream ? new EventStream(res, format.stream(request, identity), parts.heartbeatMs) : undefined;
    const gone = () => {
      this.#node.debug(`${clientGone}: the client of ${requestId} went away.`);
      controller.abort(new LlmError('cancelled', 'The client went away.'));
    };
    res.once('close', gone);
    if (res.destroyed) gone();
    try {
      const { prompt, llm: { model: _asked, ...llm } } = request;
      const answer = await this.#ask(parts, { payload: prompt, llm }, { ...exchange, model: offered.model, sink: stream, signal: controller.signal });
      const told = parts.disclosure.ofAnswer(answer.completion);
      if (stream) stream.end(answer.completion, told);
      else sendWhole(res, answer, format.whole(answer.completion, identity, told, { request, payload: answer.payload }), parts.disclosure);
    } catch (error) {
      const failure = asProblem(error);
      this.#last = { ok: false, kind: failure.kind };
      if (stream?.hasBegun) stream.fail(parts.disclosure.failure(failure), parts.disclosure.ofFailure(failure));
      else throw failure;
    } finally {
      stream?.close();
      res.off('close', gone);
    }
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

  #facts(): StageFacts {
    return { busy: this.#inFlight.size, waiting: 0, note: undefined, problem: this.isMisconfigured, last: this.#last };
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

/** What came back from the flow; it may have set a status and headers for the answer. */
interface Answered extends LlmMessage {
  completion: Completion;
  statusCode?: unknown;
  headers?: unknown;
}

function readParts(config: EndpointConfig, { keys }: EndpointCredentials = {}): Parts {
  const setting = (name: EndpointField) => readEndpointField(name, config[name]);
  const models = readModels(config.models);
  return {
    path: readPath(config.path),
    cors: new Cors(readOrigins(config.cors)),
    gate: new Gate({ keys: new Keys(readKeys(typeof keys === 'string' ? keys : '')), maxOpen: setting('maxOpen'), maxOpenPerKey: setting('maxOpenPerKey') }),
    models: models.flatMap(({ name, model }) => (model === '' ? name : [name, model])),
    names: new Names(models),
    maxBytes: setting('maxBodyKb') * 1024,
    heartbeatMs: setting('heartbeatMs'),
    timeoutMs: setting('timeoutMs'),
    disclosure: new Disclosure(config.tellBackend !== false),
    hasChat: config.chat !== false,
  };
}

function sendWhole(res: ServerResponse, { completion, statusCode, headers }: Answered, body: JsonObject, disclosure: Disclosure): void {
  sendJson(res, flowStatus(statusCode), body, { ...flowHeaders(headers), ...disclosure.headers(completion) });
}

/** @throws Refusal */
function checkMethod({ method = '' }: IncomingMessage, res: ServerResponse, allowed: readonly string[]): void {
  if (allowed.includes(method)) return;
  res.setHeader('allow', allowed.join(', '));
  throw new Refusal(405, 'not_found', `This path takes ${allowed[0]} requests alone.`);
}

/** Where the answer has not begun. */
function refuse(res: ServerResponse, format: Format, failure: LlmError, disclosure: Disclosure): void {
  if (res.headersSent || res.destroyed) return;
  const status = failure instanceof Refusal ? failure.httpStatus : statusFor(failure.kind);
  const waitMs = failure.retryAfterMs;
  const headers = {
    ...(waitMs !== undefined && { 'retry-after': String(Math.ceil(waitMs / 1000)), 'retry-after-ms': String(Math.ceil(waitMs)) }),
    // The SDKs of OpenAI and Anthropic go by it.
    ...(isInVain(failure.kind) && { 'x-should-retry': 'false' }),
  };
  sendJson(res, status, format.failed(disclosure.failure(failure), status, disclosure.ofFailure(failure)), headers);
}
