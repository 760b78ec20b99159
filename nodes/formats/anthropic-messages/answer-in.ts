/** The answers of Anthropic's Messages API, streamed and whole, as parts. Read in its "Streaming messages" and the SDK's types, version 2026-10-21. */
import { parseJson } from '../../core/answer-bound.ts';
import { classifyAnswer, garbage } from '../../core/classify.ts';
import type { StreamPart } from '../../core/completion.ts';
import { type Block, carry } from '../../core/conversation/message.ts';
import { isRecord, type JsonObject } from '../../core/json.ts';
import { readPieces } from '../../core/pieces.ts';
import type { Provider } from '../../core/provider.ts';
import type { CompletionRequest } from '../../core/request.ts';
import { readSse } from '../../core/sse.ts';
import { type ProviderAnswer, readWholeJson } from '../provider-answer.ts';
import { readBlock } from './content.ts';
import { readStopReason, readUsage } from './usage.ts';

/**
 * The parts of a successful answer. A server that ignores `stream` and sends one JSON object is read as well.
 * @throws LlmError for an error event or something that is no JSON
 */
export async function* readAnswer(answer: ProviderAnswer): AsyncGenerator<readonly StreamPart[]> {
  const reader = new EventReader(answer.provider, answer.request);
  const whole = await readWholeJson(answer);
  if (whole !== undefined) {
    yield reader.readWhole(whole);
    return;
  }
  // The API itself has no end mark beside message_stop; servers that come from OpenAI's send theirs here too.
  const read = ({ data }: { data: string }, parts: StreamPart[]) => {
    if (data !== '[DONE]') reader.read(parseJson(data), parts);
    else reader.end(parts);
  };
  for await (const parts of readPieces(readSse(answer.body), read)) {
    yield parts;
    if (reader.isOver) return;
  }
}

/** A block that has begun: what it began with, and the JSON of its input so far. */
interface OpenBlock {
  readonly start: JsonObject;
  /** Of a tool call: how many came before it. */
  readonly call: number;
  json: string;
  signature: string;
}

class EventReader {
  isOver = false;
  readonly #provider: Provider;
  readonly #request: CompletionRequest;
  readonly #open = new Map<number, OpenBlock>();
  readonly #usage: JsonObject = {};
  /** Servers that number their blocks wrongly begin anew at one that is taken. */
  #shift = 0;
  #count = 0;
  #calls = 0;

  constructor(provider: Provider, request: CompletionRequest) {
    this.#provider = provider;
    this.#request = request;
  }

  read(event: unknown, parts: StreamPart[]): void {
    if (!isRecord(event)) throw garbage(this.#provider, 'something that is no JSON');
    const index = typeof event['index'] === 'number' ? event['index'] : 0;
    switch (event['type']) {
      case 'message_start':
        return this.#readStart(fieldsOf(event['message']), parts);
      case 'content_block_start':
        return this.#begin(index, fieldsOf(event['content_block']), parts);
      case 'content_block_delta':
        return this.#readDelta(index, fieldsOf(event['delta']), parts);
      case 'content_block_stop':
        return this.#endBlock(index, parts);
      case 'message_delta':
        return this.#readEnd(event, parts);
      case 'message_stop':
        return this.end(parts);
      case 'error':
        throw classifyAnswer({ body: event, provider: this.#provider, request: this.#request });
      default:
        if (event['error'] !== undefined && event['error'] !== null) throw classifyAnswer({ body: event, provider: this.#provider, request: this.#request });
        // A ping says nothing, and the API may add other events.
        return;
    }
  }

  /** The end mark ends the answer, whatever the connection does. */
  end(parts: StreamPart[]): void {
    this.#endBlocks(parts);
    this.isOver = true;
  }

  readWhole(message: unknown): StreamPart[] {
    const parts: StreamPart[] = [];
    if (!isRecord(message)) throw garbage(this.#provider, 'something that is no JSON');
    if (message['type'] === 'error' || isRecord(message['error'])) this.read({ ...message, type: 'error' }, parts);
    this.#readStart(message, parts);
    const content: unknown[] = Array.isArray(message['content']) ? message['content'] : [];
    for (const [index, block] of content.entries()) {
      this.#begin(index, fieldsOf(block), parts);
      this.#endBlock(index, parts);
    }
    const { stop_reason, stop_sequence, stop_details, container, usage } = message;
    this.#readEnd({ delta: { stop_reason, stop_sequence, stop_details, container }, usage }, parts);
    return parts;
  }

  /** What else the message says of itself goes to those who speak this API. */
  #readStart(message: JsonObject, parts: StreamPart[]): void {
    const { model, usage, type: _type, role: _role, content: _content, stop_reason: _reason, stop_sequence: _sequence, ...own } = message;
    if (typeof model === 'string' && model !== '') parts.push({ type: 'model', model });
    // The output that stands here is only its beginning: where a stream breaks, an estimate is nearer.
    const { output_tokens: _output, ...input } = withoutNull(fieldsOf(usage));
    const fields = withoutNull({ ...own, ...(Object.keys(input).length > 0 && { usage: input }) });
    if (Object.keys(fields).length > 0) parts.push({ type: 'about', dialect: 'anthropic', fields });
    this.#readUsage(input, parts);
  }

  #begin(index: number, start: JsonObject, parts: StreamPart[]): void {
    if (this.#open.has(index)) this.#endBlock(index, parts);
    this.#shift = this.#count - index;
    this.#count++;
    const block: OpenBlock = { start, call: start['type'] === 'tool_use' ? this.#calls++ : 0, json: '', signature: '' };
    this.#open.set(index, block);
    const number = index + this.#shift;
    const { type, id, name, input: _input, text, thinking, signature, citations, ...own } = start;
    switch (type) {
      case 'text':
        // Also an empty one begins a block.
        parts.push({ type, text: typeof text === 'string' ? text : '', block: number });
        for (const citation of Array.isArray(citations) ? citations.filter(isRecord) : []) parts.push({ type: 'citation', dialect: 'anthropic', citation, block: number });
        return;
      case 'thinking':
        if (typeof signature === 'string') block.signature = signature;
        parts.push({ type, text: typeof thinking === 'string' ? thinking : '', block: number });
        return;
      case 'tool_use':
        parts.push({ type: 'toolCall', index: block.call, id: String(id), name: String(name), ...(Object.keys(own).length > 0 && { carried: carry('anthropic', own) }) });
        return;
      default:
        // Whole at its end, for its input may still come.
        return;
    }
  }

  #readDelta(index: number, delta: JsonObject, parts: StreamPart[]): void {
    // Some servers begin no blocks.
    if (!this.#open.has(index)) this.#begin(index, beginningOf(delta), parts);
    const block = this.#open.get(index);
    if (!block) return;
    const number = this.#numberOf(index);
    const { type, text, thinking, signature, partial_json: json, citation } = delta;
    switch (type) {
      case 'text_delta':
        if (typeof text === 'string' && text !== '') parts.push({ type: 'text', text, block: number });
        return;
      case 'thinking_delta':
        if (typeof thinking === 'string' && thinking !== '') parts.push({ type: 'thinking', text: thinking, block: number });
        return;
      case 'signature_delta':
        if (typeof signature === 'string') block.signature += signature;
        return;
      case 'citations_delta':
        if (isRecord(citation)) parts.push({ type: 'citation', dialect: 'anthropic', citation, block: number });
        return;
      case 'input_json_delta':
        if (typeof json !== 'string' || json === '') return;
        block.json += json;
        if (block.start['type'] === 'tool_use') parts.push({ type: 'toolCall', index: block.call, arguments: json });
        return;
      default:
        // What is whole in one piece belongs to the block as it stands.
        Object.assign(block.start, withoutType(delta));
    }
  }

  #numberOf(index: number): number {
    return index + this.#shift;
  }

  #endBlock(index: number, parts: StreamPart[]): void {
    const block = this.#open.get(index);
    if (!block) return;
    this.#open.delete(index);
    const number = this.#numberOf(index);
    const { start, json, signature } = block;
    switch (start['type']) {
      case 'text':
        return;
      case 'thinking':
        if (signature !== '') parts.push({ type: 'thinking', text: '', carried: { anthropic: { signature } }, block: number });
        return;
      case 'tool_use':
        // A call without arguments streams none, or only an empty text; others want an object.
        if (json === '') parts.push({ type: 'toolCall', index: block.call, arguments: JSON.stringify(start['input'] ?? {}) });
        return;
      default: {
        const whole = readBlock(json === '' ? start : { ...start, input: parseJson(json) });
        parts.push(whole as Extract<Block, { type: 'own' }>);
      }
    }
  }

  #endBlocks(parts: StreamPart[]): void {
    for (const index of this.#open.keys()) this.#endBlock(index, parts);
  }

  #readEnd({ delta, usage, type: _type, index: _index, ...others }: JsonObject, parts: StreamPart[]): void {
    this.#readUsage(fieldsOf(usage), parts);
    const { stop_reason: reason, ...own } = fieldsOf(delta);
    if (typeof reason !== 'string' || reason === '') return;
    // Some servers end no blocks.
    this.#endBlocks(parts);
    const fields = withoutNull({ ...own, ...others, stop_reason: reason, usage: this.#usage });
    parts.push({ type: 'about', dialect: 'anthropic', fields });
    this.#finish(reason, parts);
  }

  #finish(reason: string, parts: StreamPart[]): void {
    if (reason === 'error') throw garbage(this.#provider, 'an answer that ends with an error');
    parts.push({ type: 'finish', reason: readStopReason(reason) });
  }

  /** Both ends of the stream tell a part of the counts, and leave out or set to null what they do not know. */
  #readUsage(usage: JsonObject, parts: StreamPart[]): void {
    if (Object.keys(this.#usage).length < mostCounts) Object.assign(this.#usage, withoutNull(usage));
    parts.push({ type: 'usage', usage: readUsage(this.#usage) });
  }
}

function beginningOf({ type }: JsonObject): JsonObject {
  switch (type) {
    case 'thinking_delta':
    case 'signature_delta':
      return { type: 'thinking', thinking: '' };
    default:
      return { type: 'text', text: '' };
  }
}

/** More kinds of counts than this no API has. */
const mostCounts = 100;

function withoutNull(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}

function withoutType({ type: _type, ...fields }: JsonObject): JsonObject {
  return fields;
}

function fieldsOf(value: unknown): JsonObject {
  return isRecord(value) ? { ...value } : {};
}
