/** OpenAI's older `/completions`, for its clients: a text that goes on. */
import type { Completion, StreamPart } from '../../core/completion.ts';
import { carriedFor } from '../../core/conversation/message.ts';
import type { LlmError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import { badField, isGiven } from '../fields.ts';
import type { AnswerIdentity, ClientRequest, Format, StreamWriter } from '../format.ts';
import { event, failedEvent, streamEnd, writeFailure } from '../openai/failure.ts';
import { mergedLogprobs } from '../openai/logprobs.ts';
import { readOpenAiSettings, readStream } from '../openai/settings.ts';
import { writeFinishReason, writeUsage } from '../openai/usage.ts';

export const openAiCompletions: Format = {
  dialect: 'openai',
  idPrefix: 'cmpl-',
  readRequest(body) {
    const { prompt } = body;
    const only: unknown = Array.isArray(prompt) && prompt.length === 1 ? prompt[0] : prompt;
    if (typeof only !== 'string' || only === '') throw badField('prompt', 'prompt must be one text.');
    if (body['echo'] === true) throw badField('echo', 'echo is not offered here.');
    const { suffix } = body;
    const llm = readOpenAiSettings(body, ['prompt', 'echo', 'suffix']);
    return { prompt: only, llm: isGiven(suffix) ? { ...llm, openai: { ...llm.openai, suffix } } : llm, ...readStream(body) };
  },
  writeAnswer(completion, identity, llm) {
    const { usage: ownUsage, ...own } = ownOf(completion);
    const { text, logprobs, usage } = completion;
    const choices = [choice(text, mergedLogprobs(logprobs), completion)];
    return { ...head(identity, own), choices, usage: writeUsage(usage, ownUsage), ...(llm && { llm }) };
  },
  stream: (request, identity) => new TextStream(request, identity),
  writeFailure,
};

function ownOf(completion: Completion): JsonObject {
  const { finish_reason: _reason, message: _message, ...own } = carriedFor(completion, 'openai');
  return own;
}

function head({ id, created, model }: AnswerIdentity, own: JsonObject): JsonObject {
  return { id, created, ...own, object: 'text_completion', model };
}

function choice(text: string, logprobs: unknown = null, completion?: Completion): JsonObject {
  const own = completion && carriedFor(completion, 'openai')['finish_reason'];
  return { index: 0, text, logprobs, finish_reason: completion ? writeFinishReason(completion.finishReason, own) : null };
}

class TextStream implements StreamWriter {
  #head: JsonObject;
  readonly #identity: AnswerIdentity;
  readonly #includeUsage: boolean;

  constructor({ includeUsage }: ClientRequest, identity: AnswerIdentity) {
    this.#identity = identity;
    this.#head = head(identity, {});
    this.#includeUsage = includeUsage;
  }

  begin(known: readonly StreamPart[] = []): string {
    const own: JsonObject = {};
    for (const part of known) if (part.type === 'about' && part.dialect === 'openai') Object.assign(own, part.fields);
    const { usage: _usage, finish_reason: _reason, message: _message, ...fields } = own;
    this.#head = head(this.#identity, fields);
    return '';
  }

  parts(parts: readonly StreamPart[]): string {
    return parts.map((part, at) => this.#part(part, parts[at - 1], parts[at + 1])).join('');
  }

  end(completion: Completion): string {
    const counted = this.#includeUsage ? event({ ...this.#head, choices: [], usage: writeUsage(completion.usage, carriedFor(completion, 'openai')['usage']) }) : '';
    return event({ ...this.#head, choices: [choice('', null, completion)] }) + counted + streamEnd;
  }

  fail(failure: LlmError, llm?: JsonObject): string {
    return failedEvent(failure, llm) + streamEnd;
  }

  /** The log probabilities of a text come right after it, and leave with it. */
  #part(part: StreamPart, before: StreamPart | undefined, after: StreamPart | undefined): string {
    if (part.type === 'text') return after?.type === 'logprobs' ? '' : this.#chunk(part.text);
    if (part.type === 'logprobs') return this.#chunk(before?.type === 'text' ? before.text : '', part.logprobs);
    return '';
  }

  #chunk(text: string, logprobs: unknown = null): string {
    return event({ ...this.#head, choices: [choice(text, logprobs)] });
  }
}
