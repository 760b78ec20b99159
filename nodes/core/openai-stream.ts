/** Answers in OpenAI's format, streamed or whole, as parts. Read as the official API, llama.cpp, vLLM and compatible servers send them. */
import { parseJson, readText } from './answer-bound.ts';
import { ChunkTemplate } from './chunk-template.ts';
import { classifyAnswer, garbage } from './classify.ts';
import type { FinishReason, StreamPart } from './completion.ts';
import { readPieces } from './pieces.ts';
import type { Provider } from './provider.ts';
import { isRecord, type CompletionRequest } from './request.ts';
import type { Headers } from './retry-after.ts';
import { readSse } from './sse.ts';
import { readOpenAiUsage } from './tokens.ts';

export interface OpenAiAnswer {
  headers: Headers;
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
export function readOpenAiAnswer(answer: OpenAiAnswer): AsyncIterable<readonly StreamPart[]> {
  const reader = new ChunkReader(answer.provider, answer.request);
  if (isJson(answer.headers)) return readWhole(answer, reader);
  return readPieces(readSse(answer.body), ({ data }, parts) => reader.read(data, parts));
}

async function* readWhole({ body, provider, maxBytes }: OpenAiAnswer, reader: ChunkReader): AsyncGenerator<readonly StreamPart[]> {
  yield reader.readObject(parseJson(await readText(body, provider, maxBytes)));
}

/** Whether a server has sent one object instead of a stream. */
export function isJson(headers: Headers): boolean {
  const type = headers['content-type'];
  return typeof type === 'string' && type.startsWith('application/json');
}

class ChunkReader {
  readonly #provider: Provider;
  readonly #request: CompletionRequest;
  #model = '';
  #finished = false;
  #template: ChunkTemplate | undefined;
  /** Where every chunk differs in more than its text, learning would be as dear as parsing. */
  #lessons = 2;

  constructor(provider: Provider, request: CompletionRequest) {
    this.#provider = provider;
    this.#request = request;
  }

  read(data: string, parts: StreamPart[]): void {
    const text = this.#template?.textOf(data);
    if (text !== undefined) {
      parts.push({ type: 'text', text });
      return;
    }
    if (data === '[DONE]') {
      // Some servers never give a reason; the end mark alone shows that the answer is whole.
      if (!this.#finished) parts.push({ type: 'finish', reason: 'unknown' });
      return;
    }
    const from = parts.length;
    this.#readChunk(parseJson(data), parts);
    this.#learnTemplate(data, parts.slice(from));
  }

  /** From a chunk that brought a text and nothing else; the model's name in it is the one that is known. */
  #learnTemplate(data: string, parts: readonly StreamPart[]): void {
    const text = onlyText(parts);
    if (text === undefined || this.#lessons === 0) return;
    this.#lessons--;
    this.#template = ChunkTemplate.of(data, text, (chunk) => {
      const probed: StreamPart[] = [];
      this.#readChunk(parseJson(chunk), probed);
      return onlyText(probed);
    });
  }

  readObject(object: unknown): StreamPart[] {
    const parts: StreamPart[] = [];
    this.#readChunk(object, parts);
    if (!this.#finished) parts.push({ type: 'finish', reason: 'unknown' });
    return parts;
  }

  #readChunk(chunk: unknown, parts: StreamPart[]): void {
    if (!isRecord(chunk)) throw garbage(this.#provider, 'something that is no JSON');
    if (chunk['error'] !== undefined || chunk['object'] === 'error') {
      throw classifyAnswer({ body: chunk, provider: this.#provider, request: this.#request });
    }
    this.#readModel(chunk['model'], parts);
    const choices = chunk['choices'];
    const choice: unknown = Array.isArray(choices) ? choices.find((one) => isRecord(one) && (one['index'] ?? 0) === 0) : undefined;
    if (isRecord(choice)) this.#readChoice(choice, parts);
    if (isRecord(chunk['usage'])) parts.push({ type: 'usage', usage: readOpenAiUsage(chunk['usage']) });
  }

  #readModel(model: unknown, parts: StreamPart[]): void {
    if (typeof model !== 'string' || model === '' || model === this.#model) return;
    this.#model = model;
    parts.push({ type: 'model', model });
  }

  #readChoice(choice: Record<string, unknown>, parts: StreamPart[]): void {
    const said = choice['delta'] ?? choice['message'];
    if (isRecord(said)) readSaid(said, parts);
    const text = choice['text'];
    if (typeof text === 'string' && text !== '') parts.push({ type: 'text', text });
    if (choice['logprobs']) parts.push({ type: 'logprobs', logprobs: choice['logprobs'] });
    const reason = choice['finish_reason'];
    if (typeof reason === 'string' && reason !== '' && !this.#finished) {
      this.#finished = true;
      parts.push({ type: 'finish', reason: readFinishReason(reason) });
    }
  }
}

function onlyText(parts: readonly StreamPart[]): string | undefined {
  const [part] = parts;
  return parts.length === 1 && part?.type === 'text' ? part.text : undefined;
}

function readSaid(said: Record<string, unknown>, parts: StreamPart[]): void {
  // DeepSeek, llama.cpp and older vLLM say reasoning_content; newer vLLM, Ollama and OpenRouter say reasoning.
  const thinking = said['reasoning_content'] ?? said['reasoning'];
  if (typeof thinking === 'string' && thinking !== '') parts.push({ type: 'thinking', text: thinking });
  for (const text of [said['content'], said['refusal']]) {
    if (typeof text === 'string' && text !== '') parts.push({ type: 'text', text });
  }
  const calls = said['tool_calls'];
  if (Array.isArray(calls)) calls.forEach((call: unknown, position) => readToolCall(call, position, parts));
}

function readToolCall(call: unknown, position: number, parts: StreamPart[]): void {
  if (!isRecord(call)) return;
  const called = isRecord(call['function']) ? call['function'] : {};
  parts.push({
    type: 'toolCall',
    index: typeof call['index'] === 'number' ? call['index'] : position,
    ...(typeof call['id'] === 'string' && { id: call['id'] }),
    ...(typeof called['name'] === 'string' && { name: called['name'] }),
    ...(typeof called['arguments'] === 'string' && { arguments: called['arguments'] }),
  });
}

function readFinishReason(reason: string): FinishReason {
  switch (reason) {
    case 'stop':
    case 'eos':
      return 'stop';
    case 'length':
      return 'length';
    case 'tool_calls':
    case 'function_call':
      return 'tool_calls';
    case 'content_filter':
      return 'content_filter';
    default:
      return 'unknown';
  }
}
