/** OpenAI's `/chat/completions`, whole and streamed, as its API reference has it. */
import type { Completion, StreamPart } from '../../core/completion.ts';
import type { LlmError } from '../../core/errors.ts';
import { readMessages } from '../../core/messages.ts';
import { badField } from './fields.ts';
import type { AnswerIdentity, ClientRequest, Format, JsonObject, StreamWriter } from './format.ts';
import { event, failedBody, failedEvent, finishReasonOf, mergedLogprobs, readSettings, readStream, streamEnd, usageOf } from './openai.ts';

export const openAiChat: Format = {
  idPrefix: 'chatcmpl-',
  read(body) {
    if (!Array.isArray(body['messages'])) throw badField('messages', 'messages must be a list of messages.');
    return { prompt: readMessages(body['messages'], 'messages'), llm: readSettings(body, ['messages']), ...readStream(body) };
  },
  whole(completion, identity, llm) {
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

class ChatStream implements StreamWriter {
  readonly #head: JsonObject;
  readonly #includeUsage: boolean;
  /** The tool calls that have begun. */
  readonly #calls = new Set<number>();
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
    let text = '';
    for (const [at, part] of parts.entries()) {
      if (part.type === 'text') {
        // The log probabilities of a text come right after it, and leave with it.
        if (parts[at + 1]?.type !== 'logprobs') text += this.#beforeText + JSON.stringify(part.text) + this.#afterText;
      } else if (part.type === 'thinking') text += part.text === '' ? '' : this.#chunk({ reasoning_content: part.text });
      else if (part.type === 'toolCall') text += this.#chunk({ tool_calls: [this.#toolCall(part)] });
      else if (part.type === 'logprobs') text += this.#chunk(contentOf(parts[at - 1]), part.logprobs);
    }
    return text;
  }

  end({ finishReason, usage }: Completion, llm?: JsonObject): string {
    const last = this.#chunk({}, null, finishReasonOf(finishReason));
    const counted = this.#includeUsage ? event({ ...this.#head, choices: [], usage: usageOf(usage), ...(llm && { llm }) }) : '';
    return last + counted + streamEnd;
  }

  fail(failure: LlmError, llm?: JsonObject): string {
    return failedEvent(failure, llm) + streamEnd;
  }

  /** A call's first piece names it; those that follow bring its arguments. */
  #toolCall({ index, id, name, arguments: text }: Extract<StreamPart, { type: 'toolCall' }>): JsonObject {
    const isNamed = id !== undefined || !this.#calls.has(index);
    this.#calls.add(index);
    const called = { ...(name !== undefined && { name }), arguments: text ?? '' };
    return { index, ...(isNamed && { id: id ?? `call_${index}`, type: 'function' }), function: called };
  }

  #chunk(delta: JsonObject, logprobs: unknown = null, finishReason: string | null = null): string {
    return event({ ...this.#head, choices: [{ index: 0, delta, logprobs, finish_reason: finishReason }] });
  }
}

function contentOf(part: StreamPart | undefined): JsonObject {
  return part?.type === 'text' ? { content: part.text } : {};
}
