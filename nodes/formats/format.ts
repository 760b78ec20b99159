/** A wire format: one API, read and written in both directions. */
import type { Completion, StreamPart } from '../core/completion.ts';
import type { ChatMessage, Dialect } from '../core/conversation/message.ts';
import type { LlmError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import type { RequestSettings } from '../core/request.ts';

/** A request in the palette's own words. */
export interface ClientRequest {
  /** A text or a conversation; texts to embed. */
  readonly prompt: string | ChatMessage[] | string[];
  /** `model` is the name that the client asked for. */
  readonly llm: RequestSettings;
  readonly stream: boolean;
  /** Whether a stream is to end with the usage. */
  readonly includeUsage: boolean;
  /** How vectors are written. */
  readonly encoding?: 'float' | 'base64' | undefined;
}

/** What all of one answer's objects have in common. */
export interface AnswerIdentity {
  readonly id: string;
  /** The name that the client asked for. */
  readonly model: string;
  /** When the request came, in seconds since the epoch. */
  readonly created: number;
}

/** Writes one stream. Each method gives the text of its events, which may be empty. */
export interface StreamWriter {
  /** `known` are the first parts of the answer, where they are there already: they may bring its id and the count of its input. */
  begin(known?: readonly StreamPart[]): string;
  parts(parts: readonly StreamPart[]): string;
  /** `llm` is what the format has no field for. */
  end(completion: Completion, llm?: JsonObject): string;
  /** The last event of a stream that breaks off. */
  fail(failure: LlmError, llm?: JsonObject): string;
}

/** What came back, for the formats in which the answer is no text. */
export interface Returned {
  readonly request: ClientRequest;
  /** `msg.payload` */
  readonly payload: unknown;
}

/** One API that clients speak: the two doors that an endpoint uses. */
export interface Format {
  /** Under which name requests and answers carry what only this API knows. */
  readonly dialect: Dialect;
  /** What the ids of answers begin with. */
  readonly idPrefix: string;
  /** @throws LlmError `invalid_request` that names what is wrong */
  readRequest(body: JsonObject): ClientRequest;
  /** `llm` is what the format has no field for. */
  writeAnswer(completion: Completion, identity: AnswerIdentity, llm?: JsonObject, returned?: Returned): JsonObject;
  stream(request: ClientRequest, identity: AnswerIdentity): StreamWriter;
  /** The body that tells of a failure with a status. */
  writeFailure(failure: LlmError, status: number, llm?: JsonObject): JsonObject;
}
