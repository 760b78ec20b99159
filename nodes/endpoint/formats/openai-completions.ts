/** OpenAI's older `/completions`: a text that goes on. */
import type { Completion, StreamPart } from '../../core/completion.ts';
import type { LlmError } from '../../core/errors.ts';
import { badField } from './fields.ts';
import type { AnswerIdentity, ClientRequest, Format, JsonObject, StreamWriter } from './format.ts';
import { event, failedBody, failedEvent, finishReasonOf, mergedLogprobs, readSettings, readStream, streamEnd, usageOf } from './openai.ts';

export const openAiCompletions: Format = {
  idPrefix: 'cmpl-',
  read(body) {
    const { prompt } = body;
    const only: unknown = Array.isArray(prompt) && prompt.length === 1 ? prompt[0] : prompt;
    if (typeof only !== 'string' || only === '') throw badField('prompt', 'prompt must be one text.');
    if (body['echo'] === true) throw badField('echo', 'echo is not offered here.');
    return { prompt: only, llm: readSettings(body, ['prompt', 'echo', 'best_of']), ...readStream(body) };
  },
  whole: (completion, identity, llm) => ({ ...head(identity), choices: [choice(completion.text, mergedLogprobs(completion.logprobs), completion)], usage: usageOf(completion.usage), ...(llm && { llm }) }),
  stream: (request, identity) => new TextStream(request, identity),
  failed: failedBody,
};

function head({ id, created, model }: AnswerIdentity): JsonObject {
  return { id, object: 'text_completion', created, model };
}

function choice(text: string, logprobs: unknown = null, completion?: Completion): JsonObject {
  return { index: 0, text, logprobs, finish_reason: completion ? finishReasonOf(completion.finishReason) : null };
}

class TextStream implements StreamWriter {
  readonly #head: JsonObject;
  readonly #includeUsage: boolean;

  constructor({ includeUsage }: ClientRequest, identity: AnswerIdentity) {
    this.#head = head(identity);
    this.#includeUsage = includeUsage;
  }

  begin(): string {
    return '';
  }

  parts(parts: readonly StreamPart[]): string {
    return parts.map((part, at) => this.#part(part, parts[at - 1], parts[at + 1])).join('');
  }

  end(completion: Completion): string {
    const counted = this.#includeUsage ? event({ ...this.#head, choices: [], usage: usageOf(completion.usage) }) : '';
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
