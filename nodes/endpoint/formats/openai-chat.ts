/** OpenAI's `/chat/completions`, whole and streamed, as its API reference has it. */
import type { Completion, StreamPart } from '../../core/completion.ts';
import type { LlmError } from '../../core/errors.ts';
import { readMessages } from '../../core/messages.ts';
import type { AnswerIdentity, ClientRequest, Format, JsonObject, StreamWriter } from './format.ts';
import { badField, event, failedBody, failedEvent, finishReasonOf, readSettings, readStream, streamEnd, usageOf } from './openai.ts';

export const openAiChat: Format = {
  idPrefix: 'chatcmpl-',
  read(body) {
    if (!Array.isArray(body['messages'])) throw badField('messages', 'messages must be a list of messages.');
    return { prompt: readMessages(body['messages']), llm: readSettings(body, ['messages']), ...readStream(body) };
  },
  whole(completion, identity, { llm }) {
    const { message, finishReason, usage, logprobs } = completion;
    const choice = { index: 0, message: messageOf(message), logprobs: mergedLogprobs(logprobs), finish_reason: finishReasonOf(finishReason) };
    return { ...head(identity, 'chat.completion'), choices: [choice], usage: usageOf(usage), ...(llm && { llm }) };
  },
  stream: (request, identity) => new ChatStream(request, identity),
  failed: failedBody,
};

function head({ id, created, model }: AnswerIdentity, object: string): JsonObject {
  return { id, object, created, model };
}

/** Thinking has no place in OpenAI's own format; llama.cpp, vLLM and others give it this name. */
function messageOf({ content, tool_calls: calls, thinking }: Completion['message']): JsonObject {
  return { role: 'assistant', content, refusal: null, ...(thinking !== undefined && { reasoning_content: thinking }), ...(calls && { tool_calls: calls }) };
}

/** Providers give log probabilities chunk by chunk, in OpenAI's form. */
function mergedLogprobs(all: readonly unknown[] | undefined): JsonObject | null {
  const content = (all ?? []).flatMap((one) => (one as { content?: unknown[] } | null)?.content ?? []);
  return content.length > 0 ? { content, refusal: null } : null;
}

class ChatStream implements StreamWriter {
  readonly #head: JsonObject;
  readonly #includeUsage: boolean;
  /** What stands before and after the text in a chunk that has nothing else: most of them have not. */
  readonly #beforeText: string;
  readonly #afterText = '},"logprobs":null,"finish_reason":null}]}\n\n';

  constructor({ includeUsage }: ClientRequest, identity: AnswerIdentity) {
    this.#head = head(identity, 'chat.completion.chunk');
    this.#includeUsage = includeUsage;
    this.#beforeText = `data: ${JSON.stringify(this.#head).slice(0, -1)},"choices":[{"index":0,"delta":{"content":`;
  }

  begin(): string {
    return this.#chunk({ role: 'assistant', content: '', refusal: null });
  }

  parts(parts: readonly StreamPart[]): string {
    const logprobs = parts.find(({ type }) => type === 'logprobs') as Extract<StreamPart, { type: 'logprobs' }> | undefined;
    let text = '';
    for (const part of parts) {
      if (part.type === 'text') text += logprobs ? this.#chunk({ content: part.text }, logprobs.logprobs) : this.#beforeText + JSON.stringify(part.text) + this.#afterText;
      else if (part.type === 'thinking') text += this.#chunk({ reasoning_content: part.text });
      else if (part.type === 'toolCall') text += this.#chunk({ tool_calls: [toolCallDelta(part)] });
    }
    return text;
  }

  end({ finishReason, usage }: Completion, llm?: JsonObject): string {
    const last = this.#chunk({}, null, finishReasonOf(finishReason));
    const counted = this.#includeUsage ? event({ ...this.#head, choices: [], usage: usageOf(usage), ...(llm && { llm }) }) : '';
    return last + counted + streamEnd;
  }

  fail(failure: LlmError): string {
    return failedEvent(failure) + streamEnd;
  }

  #chunk(delta: JsonObject, logprobs: unknown = null, finishReason: string | null = null): string {
    return event({ ...this.#head, choices: [{ index: 0, delta, logprobs, finish_reason: finishReason }] });
  }
}

/** A call's first piece names it; those that follow bring its arguments. */
function toolCallDelta({ index, id, name, arguments: text }: Extract<StreamPart, { type: 'toolCall' }>): JsonObject {
  const called = { ...(name !== undefined && { name }), arguments: text ?? '' };
  return { index, ...(id !== undefined && { id, type: 'function' }), function: called };
}
