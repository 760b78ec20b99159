/** An answer of `/chat/completions`, whole and streamed, as OpenAI's API reference has it. */
import type { Completion, StreamPart } from '../../core/completion.ts';
import { blocksOf } from '../../core/conversation/blocks.ts';
import { type Carried, carriedFor, type ToolCall } from '../../core/conversation/message.ts';
import type { LlmError } from '../../core/errors.ts';
import { isRecord, type JsonObject } from '../../core/json.ts';
import { CallOrder } from '../call-order.ts';
import type { AnswerIdentity, ClientRequest, StreamWriter } from '../format.ts';
import { event, failedEvent, streamEnd } from '../openai/failure.ts';
import { mergedLogprobs } from '../openai/logprobs.ts';
import { writeFinishReason, writeUsage } from '../openai/usage.ts';

/** `llm` is what the format has no field for. */
export function writeAnswer(completion: Completion, identity: AnswerIdentity, llm?: JsonObject): JsonObject {
  const { finishReason, usage, logprobs } = completion;
  const { finish_reason: reason, usage: ownUsage, message, ...own } = carriedFor(completion, 'openai');
  const choice = {
    index: 0,
    message: messageOf(completion.message, message),
    logprobs: mergedLogprobs(logprobs),
    finish_reason: writeFinishReason(finishReason, reason),
  };
  return { ...head(identity, 'chat.completion', own), choices: [choice], usage: writeUsage(usage, ownUsage), ...(llm && { llm }) };
}

/** A server of this format has an id and a time of its own for its answer. */
function head({ id, created, model }: AnswerIdentity, object: string, own: JsonObject): JsonObject {
  return { id, created, ...own, object, model };
}

/** Thinking has no place in OpenAI's own format; llama.cpp, vLLM and others give it this name. */
function messageOf(message: Completion['message'], own: unknown): JsonObject {
  const blocks = blocksOf(message);
  const calls = blocks.flatMap((block) => (block.type === 'call' ? [block.call] : []));
  const [first] = calls;
  const text = blocks.map((block) => (block.type === 'text' ? block.text : block.type === 'own' ? (block.text ?? '') : '')).join('');
  const refusal = blocks.map((block) => (block.type === 'refusal' ? block.refusal : '')).join('');
  const thinking = blocks.map((block) => (block.type === 'thinking' ? block.thinking : '')).join('');
  const isLegacy = first?.type === 'function' && first.openai?.['legacy'] === true;
  return {
    ...(isRecord(own) ? own : {}),
    role: 'assistant',
    content: text === '' && (calls.length > 0 || refusal !== '') ? null : text,
    refusal: refusal === '' ? null : refusal,
    ...(thinking !== '' && { reasoning_content: thinking }),
    ...(isLegacy ? { function_call: first.function } : calls.length > 0 && { tool_calls: calls.map(writeCall) }),
  };
}

function writeCall(call: ToolCall): JsonObject {
  const own = carriedFor(call, 'openai');
  return call.type === 'function'
    ? { ...own, id: call.id, type: call.type, function: call.function }
    : { ...own, id: call.id, type: call.type, custom: call.custom };
}

export class ChatStream implements StreamWriter {
  #head: JsonObject;
  readonly #identity: AnswerIdentity;
  readonly #includeUsage: boolean;
  readonly #order = new CallOrder();
  /** The calls that have begun, by the number that the provider gave them. */
  readonly #calls = new Map<number, { readonly number: number; readonly isCustom: boolean }>();
  #legacy = false;
  /** What stands before the text in a chunk that has nothing else: most of them have not. */
  #beforeText = '';

  constructor({ includeUsage }: ClientRequest, identity: AnswerIdentity) {
    this.#identity = identity;
    this.#includeUsage = includeUsage;
    this.#head = head(identity, 'chat.completion.chunk', {});
  }

  /** `known` are the first parts of the answer, where they are there already: they may bring its id. */
  begin(known: readonly StreamPart[] = []): string {
    const own: JsonObject = {};
    for (const part of known) if (part.type === 'about' && part.dialect === 'openai') Object.assign(own, part.fields);
    const { usage: _usage, finish_reason: _reason, message: _message, ...fields } = own;
    this.#head = head(this.#identity, 'chat.completion.chunk', fields);
    this.#beforeText = `data: ${JSON.stringify(this.#head).slice(0, -1)},"choices":[{"index":0,"delta":{"content":`;
    return this.#chunk({ role: 'assistant', content: '', refusal: null });
  }

  parts(parts: readonly StreamPart[]): string {
    return this.#write(this.#order.take(parts));
  }

  #write(parts: readonly StreamPart[]): string {
    let text = '';
    for (const [at, part] of parts.entries()) {
      switch (part.type) {
        case 'text':
          // The log probabilities of a text come right after it, and leave with it.
          if (part.text !== '' && parts[at + 1]?.type !== 'logprobs') text += this.#beforeText + JSON.stringify(part.text) + afterText;
          break;
        case 'thinking':
          if (part.text !== '') text += this.#chunk({ reasoning_content: part.text });
          break;
        case 'refusal':
          if (part.text !== '') text += this.#chunk({ refusal: part.text });
          break;
        case 'toolCall':
          text += this.#chunk(this.#call(part));
          break;
        case 'own':
          if (part.text) text += this.#chunk({ content: part.text });
          break;
        case 'logprobs':
          text += this.#chunk(contentOf(parts[at - 1]), part.logprobs);
          break;
        default:
      }
    }
    return text;
  }

  end(completion: Completion, llm?: JsonObject): string {
    const { finishReason, usage } = completion;
    const { finish_reason: reason, usage: ownUsage, message } = carriedFor(completion, 'openai');
    const rest = this.#write(this.#order.flush());
    const last = this.#chunk(isRecord(message) ? message : {}, null, writeFinishReason(finishReason, reason));
    const counted = this.#includeUsage ? event({ ...this.#head, choices: [], usage: writeUsage(usage, ownUsage), ...(llm && { llm }) }) : '';
    return rest + last + counted + streamEnd;
  }

  fail(failure: LlmError, llm?: JsonObject): string {
    return failedEvent(failure, llm) + streamEnd;
  }

  /** A call's first piece names it; those that follow bring its arguments. Clients want the numbers without gaps. */
  #call({ index, id, name, arguments: text = '', isCustom = false, carried }: Extract<StreamPart, { type: 'toolCall' }>): JsonObject {
    const known = this.#calls.get(index);
    const call = known ?? { number: this.#calls.size, isCustom };
    this.#calls.set(index, call);
    const { legacy, ...own } = ownOf(carried);
    if (legacy === true) this.#legacy = true;
    if (this.#legacy) return { function_call: { ...(!known && { name: name ?? '' }), arguments: text } };
    const isNamed = !known || id !== undefined;
    const called = { ...((!known || name !== undefined) && { name: name ?? '' }), [call.isCustom ? 'input' : 'arguments']: text };
    const type = call.isCustom ? 'custom' : 'function';
    return { tool_calls: [{ ...own, index: call.number, ...(isNamed && { id: id ?? `call_${index}`, type }), [type]: called }] };
  }

  #chunk(delta: JsonObject, logprobs: unknown = null, finishReason: string | null = null): string {
    return event({ ...this.#head, choices: [{ index: 0, delta, logprobs, finish_reason: finishReason }] });
  }
}

const afterText = '},"logprobs":null,"finish_reason":null}]}\n\n';

function ownOf(carried: Carried | undefined): JsonObject {
  return carried ? carriedFor(carried, 'openai') : {};
}

function contentOf(part: StreamPart | undefined): JsonObject {
  return part?.type === 'text' ? { content: part.text } : {};
}
