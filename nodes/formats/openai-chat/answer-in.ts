/** Answers of `/chat/completions` and `/completions`, streamed and whole, as parts. Read as OpenAI, llama.cpp, vLLM and compatible servers send them. */
import { parseJson } from '../../core/answer-bound.ts';
import { classifyAnswer, garbage } from '../../core/classify.ts';
import type { StreamPart } from '../../core/completion.ts';
import { isRecord, type JsonObject } from '../../core/json.ts';
import { readPieces } from '../../core/pieces.ts';
import type { Provider } from '../../core/provider.ts';
import type { CompletionRequest } from '../../core/request.ts';
import { readSse } from '../../core/sse.ts';
import { Halves } from '../halves.ts';
import { ownUsage, readFinishReason, readUsage, writeFinishReason } from '../openai/usage.ts';
import { type ProviderAnswer, readWholeJson } from '../provider-answer.ts';
import { untilEnd } from '../until-end.ts';
import { CallReader } from './calls-in.ts';
import { ChunkTemplate } from './chunk-template.ts';

/**
 * The parts of a successful answer. A server that ignores `stream` and sends one JSON object is read as well.
 * @throws LlmError for an error event or something that is no JSON
 */
export async function* readAnswer(answer: ProviderAnswer): AsyncGenerator<readonly StreamPart[]> {
  const reader = new ChunkReader(answer.provider, answer.request);
  const whole = await readWholeJson(answer);
  if (whole !== undefined) {
    yield reader.readObject(whole);
    return;
  }
  const pieces = readPieces(readSse(answer.body), ({ data }, parts) => reader.read(data, parts));
  yield* untilEnd(pieces, () => reader.isOver);
}

class ChunkReader {
  isOver = false;
  readonly #provider: Provider;
  readonly #request: CompletionRequest;
  readonly #calls: CallReader;
  readonly #halves = new Halves();
  #model = '';
  #hasHead = false;
  #finished = false;
  /** What the message has beside what every API knows. */
  #own: JsonObject = {};
  #template: ChunkTemplate | undefined;
  /** Where every chunk differs in more than its text, learning would be as dear as parsing. */
  #lessons = 2;

  constructor(provider: Provider, request: CompletionRequest) {
    this.#provider = provider;
    this.#request = request;
    this.#calls = new CallReader(request.tools, this.#halves);
  }

  read(data: string, parts: StreamPart[]): void {
    const text = this.#template?.textOf(data);
    if (text !== undefined) {
      parts.push({ type: 'text', text });
      return;
    }
    if (data === '[DONE]') {
      this.#end(parts);
      return;
    }
    const from = parts.length;
    this.#readChunk(parseJson(data), parts, false);
    this.#learnTemplate(data, parts.slice(from));
  }

  readObject(object: unknown): StreamPart[] {
    const parts: StreamPart[] = [];
    this.#readChunk(object, parts, true);
    this.#end(parts);
    return parts;
  }

  /** Some servers never give a reason; the end mark alone shows that the answer is whole. */
  #end(parts: StreamPart[]): void {
    if (!this.#finished) parts.push({ type: 'finish', reason: 'unknown' });
    this.isOver = true;
  }

  /** From a chunk that brought a text and nothing else; the model's name in it is the one that is known. */
  #learnTemplate(data: string, parts: readonly StreamPart[]): void {
    const text = onlyText(parts);
    if (text === undefined || this.#lessons === 0) return;
    this.#lessons--;
    this.#template = ChunkTemplate.of(data, text, (chunk) => {
      const probed: StreamPart[] = [];
      this.#readChunk(parseJson(chunk), probed, false);
      return onlyText(probed);
    });
  }

  #readChunk(chunk: unknown, parts: StreamPart[], isWhole: boolean): void {
    if (!isRecord(chunk)) throw garbage(this.#provider, 'something that is no JSON');
    if ((chunk['error'] !== undefined && chunk['error'] !== null) || chunk['object'] === 'error') {
      throw classifyAnswer({ body: chunk, provider: this.#provider, request: this.#request });
    }
    this.#readModel(chunk['model'], parts);
    this.#readHead(chunk, parts);
    const choices = chunk['choices'];
    const choice: unknown = Array.isArray(choices) ? choices.find((one) => isRecord(one) && (one['index'] ?? 0) === 0) : undefined;
    if (isRecord(choice)) this.#readChoice(choice, parts, isWhole);
    if (isRecord(chunk['usage'])) {
      parts.push({ type: 'usage', usage: readUsage(chunk['usage']) });
      const own = ownUsage(chunk['usage']);
      if (own) parts.push({ type: 'about', dialect: 'openai', fields: { usage: own } });
    }
  }

  #readModel(model: unknown, parts: StreamPart[]): void {
    if (typeof model !== 'string' || model === '' || model === this.#model) return;
    this.#model = model;
    parts.push({ type: 'model', model });
  }

  /** Once: what all chunks have in common. Some facts come with a later one. */
  #readHead({ model: _model, choices: _choices, usage: _usage, object: _object, ...own }: JsonObject, parts: StreamPart[]): void {
    const fields = Object.fromEntries(Object.entries(own).filter(([name, value]) => value !== null && value !== '' && (!this.#hasHead || lateFacts.has(name))));
    this.#hasHead = true;
    if (Object.keys(fields).length > 0) parts.push({ type: 'about', dialect: 'openai', fields });
  }

  #readChoice(choice: JsonObject, parts: StreamPart[], isWhole: boolean): void {
    const { delta, message, text, logprobs, finish_reason: reason } = choice;
    const said = isRecord(delta) ? delta : message;
    if (isRecord(said)) this.#readSaid(said, parts, isWhole);
    this.#push('text', text, parts);
    if (logprobs) parts.push({ type: 'logprobs', logprobs });
    if (typeof reason === 'string' && reason !== '' && !this.#finished) this.#finish(reason, parts);
  }

  #finish(reason: string, parts: StreamPart[]): void {
    const known = readFinishReason(reason);
    if (known === undefined) throw garbage(this.#provider, `an answer that ends with ${JSON.stringify(reason.slice(0, 40))}`);
    this.#finished = true;
    const fields = { ...(writeFinishReason(known) !== reason && { finish_reason: reason }), ...(Object.keys(this.#own).length > 0 && { message: this.#own }) };
    if (Object.keys(fields).length > 0) parts.push({ type: 'about', dialect: 'openai', fields });
    parts.push({ type: 'finish', reason: known });
  }

  #readSaid(said: JsonObject, parts: StreamPart[], isWhole: boolean): void {
    const { role: _role, content, refusal, reasoning_content: reasoned, reasoning, tool_calls: calls, function_call: legacy, ...own } = said;
    // DeepSeek, llama.cpp and older vLLM say reasoning_content; newer vLLM, Ollama and OpenRouter say reasoning.
    const thought = [reasoned, reasoning].find((one) => typeof one === 'string' && one !== '');
    this.#push('thinking', thought, parts);
    this.#readContent(content, parts);
    this.#push('refusal', refusal, parts);
    if (Array.isArray(calls)) {
      for (const call of calls as unknown[]) {
        if (!isRecord(call)) throw garbage(this.#provider, 'a tool call that is none');
        this.#calls.read(call, isWhole, parts);
      }
    }
    if (isRecord(legacy)) this.#calls.readLegacy(legacy, parts);
    this.#keep(own);
  }

  /** Text, or parts of it. What is neither is no answer. */
  #readContent(content: unknown, parts: StreamPart[]): void {
    if (content === undefined || content === null) return;
    if (typeof content === 'string') {
      this.#push('text', content, parts);
      return;
    }
    const pieces = Array.isArray(content) ? (content as unknown[]) : [content];
    for (const piece of pieces) {
      const { type, text, refusal, thinking } = isRecord(piece) ? piece : {};
      if (typeof piece === 'string') this.#push('text', piece, parts);
      else if (type === 'refusal') this.#push('refusal', refusal, parts);
      else if (type === 'thinking' && Array.isArray(thinking)) for (const inner of thinking as unknown[]) this.#push('thinking', isRecord(inner) ? inner['text'] : inner, parts);
      else if (type === 'thinking') this.#push('thinking', thinking, parts);
      else if (typeof text === 'string') this.#push('text', text, parts);
      else throw garbage(this.#provider, 'content that is no text');
    }
  }

  #push(type: 'text' | 'thinking' | 'refusal', text: unknown, parts: StreamPart[]): void {
    if (typeof text !== 'string' || text === '') return;
    const whole = this.#halves.join(type, text);
    if (whole !== '') parts.push({ type, text: whole });
  }

  /** Lists go on from chunk to chunk, all else is newer than what came before. */
  #keep(own: JsonObject): void {
    for (const [name, value] of Object.entries(own)) {
      if (value === null || value === undefined) continue;
      const before = this.#own[name];
      this.#own[name] = Array.isArray(before) && Array.isArray(value) ? [...(before as unknown[]), ...(value as unknown[])] : value;
    }
  }
}

/** What a chunk may say that was not known with the first. */
const lateFacts: ReadonlySet<string> = new Set(['service_tier', 'system_fingerprint', 'timings', 'moderation']);

function onlyText(parts: readonly StreamPart[]): string | undefined {
  const [part] = parts;
  return parts.length === 1 && part?.type === 'text' ? part.text : undefined;
}
