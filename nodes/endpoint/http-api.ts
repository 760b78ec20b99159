/** The HTTP side of an endpoint: from a request to a question for the flow, and from its answer, or its failure, to the response. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BackendIdentity, Completion, TokenSink } from '../core/completion.ts';
import { LlmError, toLlmError } from '../core/errors.ts';
import { bus } from '../core/events.ts';
import { statusFor } from '../core/http-status.ts';
import type { JsonObject } from '../core/json.ts';
import { duration } from '../core/units.ts';
import { anthropicMessages } from '../formats/anthropic-messages/format.ts';
import { openAiEmbeddings } from '../formats/embeddings/format.ts';
import type { AnswerIdentity, ClientRequest, Format } from '../formats/format.ts';
import { openAiChat } from '../formats/openai-chat/format.ts';
import { openAiCompletions } from '../formats/openai-completions/format.ts';
import type { LlmMessage } from '../runtime/calls.ts';
import type { Absence, Mounted } from '../runtime/http/places.ts';
import { boundReader, hasStoodStill } from '../runtime/slow-reader.ts';
import { newStageId } from '../runtime/stage-events.ts';
import { readBody } from './body.ts';
import type { Disclosure } from './disclosure.ts';
import { EventStream } from './event-stream.ts';
import { flowHeaders, flowStatus, requestIdOf, sendJson, traceparentIn } from './http.ts';
import { expandsLlm, isModels, modelsBody } from './names.ts';
import { isPage, servePage } from './page.ts';
import type { Parts } from './parts.ts';
import { isInVain, Refusal } from './status.ts';

/** The APIs by their paths. */
const formats: Readonly<Record<string, Format | undefined>> = {
  '/chat/completions': openAiChat,
  '/completions': openAiCompletions,
  '/embeddings': openAiEmbeddings,
  '/messages': anthropicMessages,
};

/** The node behind the API. */
export interface Flow {
  readonly identity: BackendIdentity;
  readonly isClosing: boolean;
  /** Gives a request to the node that takes the place of this one. */
  handOn(req: IncomingMessage, res: ServerResponse, path: string): void;
  /** Runs a request with a controller that aborts when the node has closed. */
  run(work: (controller: AbortController) => Promise<void>): Promise<void>;
  /** Sends a request into the flow. @throws LlmError */
  ask(question: Question, asked: Asked): Promise<Answered>;
  /** What became of a request, for the node's status. */
  failed(failure: LlmError): void;
  update(): void;
  debug(message: string): void;
}

/** The prompt, and the settings beside the model. */
export interface Question {
  readonly payload: unknown;
  readonly llm: object;
}

/** What the flow is asked with, beside the prompt. */
export interface Asked {
  /** That of the request at the stage. */
  readonly id: string;
  readonly requestId: string;
  /** What the client traces it as, where it does. */
  readonly traceparent: string | undefined;
  /** The name of the key. */
  readonly client: string | undefined;
  /** Empty leaves each backend with its own. */
  readonly model: string;
  readonly sink: TokenSink | undefined;
  readonly signal: AbortSignal;
}

/** What came back from the flow; it may have set a status and headers for the answer. */
export interface Answered extends LlmMessage {
  completion: Completion;
  statusCode?: unknown;
  headers?: unknown;
}

/** One request of a client and where its answer goes. */
interface Exchange extends Pick<Asked, 'id' | 'requestId' | 'traceparent' | 'client'> {
  readonly res: ServerResponse;
  readonly path: string;
  readonly format: Format;
}

/** The responses whose end is told. */
const told = new WeakSet<ServerResponse>();

/** nginx's word for it; no status can be sent any more. */
const clientGone = 499;

export class HttpApi implements Mounted {
  readonly #parts: Parts;
  readonly #flow: Flow;

  constructor(parts: Parts, flow: Flow) {
    this.#parts = parts;
    this.#flow = flow;
  }

  readsBody(path: string): boolean {
    return formats[path] !== undefined;
  }

  knows(path: string): boolean {
    return formats[path] !== undefined || isModels(path) || (this.#parts.hasChat && isPage(path));
  }

  turnAway(req: IncomingMessage, res: ServerResponse, path: string, absence: Absence): void {
    const { cors, disclosure } = this.#parts;
    res.setHeader('x-request-id', requestIdOf(req));
    if (!cors.answers(req, res)) refuse(res, formats[path] ?? openAiChat, absenceOf(absence), disclosure);
  }

  handle(req: IncomingMessage, res: ServerResponse, path: string): void {
    void this.#serve(req, res, path);
  }

  /** Never rejects: whatever happens, the client is told. */
  async #serve(req: IncomingMessage, res: ServerResponse, path: string): Promise<void> {
    const { cors, disclosure, gate, hasChat, names, readerStallMs } = this.#parts;
    const requestId = requestIdOf(req);
    res.setHeader('x-request-id', requestId);
    boundReader(res, readerStallMs);
    if (cors.answers(req, res)) return;
    const format = formats[path];
    try {
      if (hasChat && (await servePage(path, req, res))) return;
      const client = gate.admit(req);
      if (!format && !isModels(path)) throw new Refusal(404, 'not_found', 'There is nothing at this path.');
      checkMethod(req, res, format ? ['POST'] : ['GET', 'HEAD']);
      if (format) await this.#admit(req, { res, path, format, id: newStageId(), requestId, traceparent: traceparentIn(req), client });
      else sendJson(res, 200, modelsBody(names, path, disclosure.tells && expandsLlm(req.url)));
    } catch (error) {
      const failure = toLlmError(error);
      // Its nodes have gone with this one: nothing was answered yet, and others take their place.
      if (failure.cause.redeployed && this.#flow.isClosing && !res.headersSent && !res.destroyed) this.#flow.handOn(req, res, path);
      else refuse(res, format ?? openAiChat, failure, disclosure);
    }
  }

  async #admit(req: IncomingMessage, exchange: Exchange): Promise<void> {
    const { gate, body } = this.#parts;
    const { format, client } = exchange;
    this.#tellEnd(exchange);
    const leave = gate.enter(client);
    try {
      const request = format.readRequest(await readBody(req, body));
      await this.#flow.run((controller) => this.#answer(request, exchange, controller));
    } finally {
      leave();
      this.#flow.update();
    }
  }

  /** Once the answer is out, or the client has gone. A request that is handed on is told of under its first id. */
  #tellEnd({ res, path, id, requestId, client }: Exchange): void {
    if (!bus.has('served') || told.has(res)) return;
    told.add(res);
    const startedAt = performance.now();
    res.once('close', () => {
      const status = res.writableFinished ? res.statusCode : clientGone;
      bus.emit('served', { id, requestId, endpoint: this.#flow.identity, ...(client !== undefined && { client }), path, status, ms: performance.now() - startedAt });
    });
  }

  async #answer(request: ClientRequest, exchange: Exchange, controller: AbortController): Promise<void> {
    this.#flow.update();
    const { disclosure, heartbeatMs, names } = this.#parts;
    const { res, format, requestId } = exchange;
    const offered = names.resolve(request.llm.model);
    const identity: AnswerIdentity = { id: format.idPrefix + crypto.randomUUID(), model: offered.name, created: Math.floor(Date.now() / 1000) };
    const stream = request.stream ? new EventStream(res, format.stream(request, identity), heartbeatMs) : undefined;
    const gone = () => {
      const reason = hasStoodStill(res) ? stoodStill(this.#parts.readerStallMs) : new LlmError('cancelled', 'The client went away.');
      this.#flow.debug(`${clientGone}: ${requestId}. ${reason.message}`);
      controller.abort(reason);
    };
    res.once('close', gone);
    if (res.destroyed) gone();
    try {
      const { prompt, llm: { model: _asked, ...llm } } = request;
      const answer = await this.#flow.ask({ payload: prompt, llm }, { ...exchange, model: offered.model, sink: stream, signal: controller.signal });
      const llmFacts = disclosure.ofAnswer(answer.completion);
      if (stream) stream.end(answer.completion, llmFacts);
      else sendWhole(res, answer, format.writeAnswer(answer.completion, identity, llmFacts, { request, payload: answer.payload }), disclosure);
    } catch (error) {
      const failure = toLlmError(error);
      this.#flow.failed(failure);
      if (stream?.hasBegun) stream.fail(disclosure.failure(failure), disclosure.ofFailure(failure));
      else throw failure;
    } finally {
      stream?.close();
      res.off('close', gone);
    }
  }
}

function sendWhole(res: ServerResponse, { completion, statusCode, headers }: Answered, body: JsonObject, disclosure: Disclosure): void {
  sendJson(res, flowStatus(statusCode), body, { ...flowHeaders(headers), ...disclosure.headers(completion) });
}

function stoodStill(ms: number): LlmError {
  const hint = 'It does not read what it asked for; where it is meant to be that slow, raise how long a client may stand still.';
  return new LlmError('cancelled', `The client has taken nothing of its answer for ${duration(ms)}.`, { hint });
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
  const status = failure instanceof Refusal ? failure.httpStatus : failure.cause.redeployed ? 503 : statusFor(failure.kind);
  const waitMs = failure.retryAfterMs;
  const headers = {
    ...(waitMs !== undefined && { 'retry-after': String(Math.ceil(waitMs / 1000)), 'retry-after-ms': String(Math.ceil(waitMs)) }),
    // The rest of a body that took too long is not waited for.
    ...(status === 408 && { connection: 'close' }),
    // The SDKs of OpenAI and Anthropic go by it.
    ...(isInVain(failure.kind) && { 'x-should-retry': 'false' }),
  };
  sendJson(res, status, format.writeFailure(disclosure.failure(failure), status, disclosure.ofFailure(failure)), headers);
}

function absenceOf(absence: Absence): Refusal {
  switch (absence) {
    case 'deploying':
      return new Refusal(503, 'unavailable', 'The flow is being deployed anew.', 'Send the request again.', 1_000);
    case 'stopped':
      return new Refusal(503, 'unavailable', 'The flow has been stopped.', 'Send the request again when it runs.', 5_000);
    case 'gone':
      return new Refusal(404, 'not_found', 'There is nothing at this path any more.');
  }
}
