/** What a client's API is to the endpoint: how requests are read, and how answers, tokens and failures are written. */
import type { Completion, StreamPart } from '../../core/completion.ts';
import type { LlmError } from '../../core/errors.ts';
import type { ChatMessage } from '../../core/messages.ts';
import type { RequestSettings } from '../../core/request.ts';

export type JsonObject = Record<string, unknown>;

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

/** What came back, for the formats in which the answer is no text. */
export interface Returned {
  readonly request: ClientRequest;
  /** `msg.payload` */
  readonly payload: unknown;
}

/** What all of one answer's objects have in common. */
export interface AnswerIdentity {
  readonly id: string;
  /** The name that the client asked for. */
  readonly model: string;
  /** When the request came, in seconds since the epoch. */
  readonly created: number;
}

/** Writes one stream of server-sent events. Each method gives the text of its events, which may be empty. */
export interface StreamWriter {
  begin(): string;
  parts(parts: readonly StreamPart[]): string;
  /** `llm` is what the format has no field for. */
  end(completion: Completion, llm?: JsonObject): string;
  /** The last event of a stream that breaks off. */
  fail(failure: LlmError, llm?: JsonObject): string;
}

/** One API that clients speak. */
export interface Format {
  /** What the ids of answers begin with. */
  readonly idPrefix: string;
  /** @throws LlmError `invalid_request` that names what is wrong */
  read(body: JsonObject): ClientRequest;
  /** `llm` is what the format has no field for. */
  whole(completion: Completion, identity: AnswerIdentity, llm?: JsonObject, returned?: Returned): JsonObject;
  stream(request: ClientRequest, identity: AnswerIdentity): StreamWriter;
  /** The body that tells of a failure with a status. */
  failed(failure: LlmError, status: number, llm?: JsonObject): JsonObject;
}
