/** The events of a streamed message as parts. Read in the API's "Streaming messages" and the SDK's types, version 2026-10-21. */
import { parseJson, readText } from '../../core/answer-bound.ts';
import { classifyAnswer, garbage } from '../../core/classify.ts';
import type { FinishReason, StreamPart, Usage } from '../../core/completion.ts';
import type { HttpResponse } from '../../core/http.ts';
import { isJson } from '../../core/openai-stream.ts';
import { readPieces } from '../../core/pieces.ts';
import type { Provider } from '../../core/provider.ts';
import { isRecord, type CompletionRequest } from '../../core/request.ts';
import { readSse } from '../../core/sse.ts';

type Fields = Record<string, unknown>;

export interface AnthropicAnswer extends Pick<HttpResponse, 'headers'> {
  body: AsyncIterable<Uint8Array>;
  provider: Provider;
  request: CompletionRequest;
  /** Of one that comes as a whole. */
  maxBytes?: number | undefined;
}

/**
 * The parts of a successful answer. A server that ignores `stream` and sends one JSON object is read as well.
 * @throws LlmError for an error event or something that is no JSON
 */
export async function* readAnthropicAnswer(answer: AnthropicAnswer): AsyncGenerator<readonly StreamPart[]> {
  const reader = new EventReader(answer.provider, answer.request);
  if (isJson(answer.headers)) {
    yield reader.readWhole(parseJson(await readText(answer.body, answer.provider, answer.maxBytes)));
    return;
  }
  // The API itself has no end mark; servers that come from OpenAI's send theirs here too.
  yield* readPieces(readSse(answer.body), ({ data }, parts) => {
    if (data !== '[DONE]') parts.push(...reader.read(parseJson(data)));
  });
}

/** A tool call under way: its place among the calls, and whether any of its arguments have come. */
interface OpenCall {
  index: number;
  input: unknown;
  hasArguments: boolean;
}

class EventReader {
  readonly #provider: Provider;
  readonly #request: CompletionRequest;
  /** By the number of their content block. */
  readonly #calls = new Map<unknown, OpenCall>();
  readonly #usage: Fields = {};
  /** Of the blocks of thinking that are open. */
  readonly #signatures = new Map<unknown, string>();

  constructor(provider: Provider, request: CompletionRequest) {
    this.#provider = provider;
    this.#request = request;
  }

  read(event: unknown): StreamPart[] {
    if (!isRecord(event)) throw garbage(this.#provider, 'something that is no JSON');
    const parts: StreamPart[] = [];
    this.#readEvent(event, parts);
    return parts;
  }

  #readEvent(event: Fields, parts: StreamPart[]): void {
    const { type, index } = event;
    switch (type) {
      case 'message_start':
        return this.#readStart(fieldsOf(event['message']), parts);
      case 'content_block_start':
        return this.#readBlock(index, fieldsOf(event['content_block']), parts);
      case 'content_block_delta':
        return this.#readDelta(index, fieldsOf(event['delta']), parts);
      case 'content_block_stop':
        return this.#endBlock(index, parts);
      case 'message_delta':
        return this.#readEnd(fieldsOf(event['delta'])['stop_reason'], fieldsOf(event['usage']), parts);
      case 'error':
        throw classifyAnswer({ body: event, provider: this.#provider, request: this.#request });
      default:
        // ping and message_stop say nothing, and the API may add others.
        return;
    }
  }

  readWhole(message: unknown): StreamPart[] {
    if (!isRecord(message)) throw garbage(this.#provider, 'something that is no JSON');
    if (message['type'] === 'error') return this.read(message);
    const parts: StreamPart[] = [];
    this.#readStart(message, parts);
    const content: unknown[] = Array.isArray(message['content']) ? message['content'] : [];
    for (const [index, block] of content.entries()) {
      this.#readBlock(index, fieldsOf(block), parts);
      this.#endBlock(index, parts);
    }
    this.#readEnd(message['stop_reason'], fieldsOf(message['usage']), parts);
    return parts;
  }

  #readStart({ model, usage }: Fields, parts: StreamPart[]): void {
    if (typeof model === 'string' && model !== '') parts.push({ type: 'model', model });
    // The output that stands here is only its beginning: where a stream breaks, an estimate is nearer.
    const { output_tokens: _output, ...input } = fieldsOf(usage);
    this.#readUsage(input, parts);
  }

  #readBlock(index: unknown, block: Fields, parts: StreamPart[]): void {
    if (block['type'] === 'tool_use') {
      const call = { index: this.#calls.size, input: block['input'], hasArguments: false };
      this.#calls.set(index, call);
      parts.push({ type: 'toolCall', index: call.index, id: String(block['id']), name: String(block['name']) });
      return;
    }
    pushText('text', block['text'], parts);
    pushText('thinking', block['thinking'], parts);
    this.#addSignature(index, block['signature']);
  }

  #readDelta(index: unknown, delta: Fields, parts: StreamPart[]): void {
    switch (delta['type']) {
      case 'text_delta':
        return pushText('text', delta['text'], parts);
      case 'thinking_delta':
        return pushText('thinking', delta['thinking'], parts);
      case 'signature_delta':
        return this.#addSignature(index, delta['signature']);
      case 'input_json_delta':
        return this.#addArguments(index, delta['partial_json'], parts);
      default:
        // Citations and what the API may add.
        return;
    }
  }

  #addArguments(index: unknown, json: unknown, parts: StreamPart[]): void {
    const call = this.#calls.get(index);
    if (!call || typeof json !== 'string' || json === '') return;
    call.hasArguments = true;
    parts.push({ type: 'toolCall', index: call.index, arguments: json });
  }

  /** A call without arguments streams none, or only an empty text; OpenAI's form wants an object. */
  #endBlock(index: unknown, parts: StreamPart[]): void {
    const signature = this.#signatures.get(index);
    if (signature !== undefined) parts.push({ type: 'thinking', text: '', signature });
    this.#signatures.delete(index);
    const call = this.#calls.get(index);
    if (call && !call.hasArguments) parts.push({ type: 'toolCall', index: call.index, arguments: JSON.stringify(fieldsOf(call.input)) });
  }

  #addSignature(index: unknown, signature: unknown): void {
    if (typeof signature === 'string' && signature !== '') this.#signatures.set(index, (this.#signatures.get(index) ?? '') + signature);
  }

  #readEnd(reason: unknown, usage: Fields, parts: StreamPart[]): void {
    this.#readUsage(usage, parts);
    if (typeof reason !== 'string') return;
    // Some servers end no blocks.
    for (const index of this.#signatures.keys()) this.#endBlock(index, parts);
    parts.push({ type: 'finish', reason: readStopReason(reason) });
  }

  /** Both ends of the stream tell a part of the counts, and leave out or set to null what they do not know. */
  #readUsage(usage: Fields, parts: StreamPart[]): void {
    for (const name of usageNames) if (usage[name] !== null && usage[name] !== undefined) this.#usage[name] = usage[name];
    parts.push({ type: 'usage', usage: readUsage(this.#usage) });
  }
}

const usageNames = ['input_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens', 'output_tokens', 'output_tokens_details'];

/** `input_tokens` counts only what neither came from the cache nor went there. */
function readUsage(usage: Fields): Partial<Usage> {
  const { input_tokens: input, cache_read_input_tokens: read, cache_creation_input_tokens: written, output_tokens: output } = usage;
  const { thinking_tokens: thinking } = fieldsOf(usage['output_tokens_details']);
  return {
    ...(isCount(input) && { inputTokens: input + (isCount(read) ? read : 0) + (isCount(written) ? written : 0) }),
    ...(isCount(output) && { outputTokens: output }),
    ...(isCount(read) && { cachedInputTokens: read }),
    ...(isCount(written) && { cacheWriteTokens: written }),
    ...(isCount(thinking) && { reasoningTokens: thinking }),
  };
}

function readStopReason(reason: string): FinishReason {
  switch (reason) {
    case 'end_turn':
    case 'stop_sequence':
      return 'stop';
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length';
    case 'tool_use':
      return 'tool_calls';
    case 'refusal':
      return 'content_filter';
    default:
      return 'unknown';
  }
}

function pushText(type: 'text' | 'thinking', text: unknown, parts: StreamPart[]): void {
  if (typeof text === 'string' && text !== '') parts.push({ type, text });
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function fieldsOf(value: unknown): Fields {
  return isRecord(value) ? value : {};
}
