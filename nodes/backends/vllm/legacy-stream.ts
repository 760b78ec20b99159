/**
 * The stream of vLLM's legacy server (`entrypoints/api_server.py`): one JSON object a line, `{"text": [prompt + answer so far]}`. Lines
 * end with a line feed, before version 0.6.4 with NUL (pull request 2756). Nothing says why an answer ended or how many tokens it has.
 */
import { parseJson } from '../../core/answer-bound.ts';
import { classifyAnswer, garbage } from '../../core/classify.ts';
import type { StreamPart } from '../../core/completion.ts';
import { isRecord } from '../../core/json.ts';
import { readPieces } from '../../core/pieces.ts';
import type { Provider } from '../../core/provider.ts';
import type { CompletionRequest } from '../../core/request.ts';

export interface LegacyAnswer {
  body: AsyncIterable<Uint8Array>;
  /** As it was sent: every line repeats it. */
  prompt: string;
  provider: Provider;
  request: CompletionRequest;
}

/**
 * The parts of a successful answer. A body that ends as HTTP wants it is a whole answer, for nothing else tells; one that is cut off
 * fails by itself.
 * @throws LlmError for an error line or something that is no line of this format
 */
export async function* readLegacyAnswer({ body, prompt, provider, request }: LegacyAnswer): AsyncGenerator<readonly StreamPart[]> {
  const reader = new LineReader(prompt, provider, request);
  yield* readPieces(readLines(body, longestLine(prompt), provider), (line, parts) => {
    parts.push(...reader.read(line));
  });
  yield reader.end();
}

/** JSON may spell each character of the prompt with six. The answer itself is far shorter than this. */
function longestLine(prompt: string): number {
  return 6 * prompt.length + 16 * 1024 * 1024;
}

/** The lines of a body, one array for each chunk of bytes; a last line that lacks its end counts too. */
async function* readLines(body: AsyncIterable<Uint8Array>, longest: number, provider: Provider): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    // Neither character can stand within a JSON object but between its tokens.
    const [first = '', ...others] = decoder.decode(chunk, { stream: true }).split(/[\n\0]/);
    const lines = [rest + first, ...others];
    rest = lines.pop() ?? '';
    if (rest.length > longest) throw garbage(provider, 'a line that is too long');
    yield lines;
  }
  yield [rest + decoder.decode()];
}

class LineReader {
  readonly #prompt: string;
  readonly #provider: Provider;
  readonly #request: CompletionRequest;
  /** As the last line has it. */
  #answer: string | undefined;
  /** What of it has been handed on. */
  #given = '';

  constructor(prompt: string, provider: Provider, request: CompletionRequest) {
    this.#prompt = prompt;
    this.#provider = provider;
    this.#request = request;
  }

  read(line: string): StreamPart[] {
    if (line.trim() === '') return [];
    const text = this.#readText(parseJson(line));
    if (!text.startsWith(this.#prompt)) throw garbage(this.#provider, 'an answer that does not begin with the prompt');
    this.#answer = text.slice(this.#prompt.length);
    return this.#handOn(settled(this.#answer, this.#request.stop ?? []));
  }

  /** Nothing where no line has come: then there is no answer. */
  end(): StreamPart[] {
    return this.#answer === undefined ? [] : [...this.#handOn(this.#answer), { type: 'finish', reason: 'unknown' }];
  }

  #readText(event: unknown): string {
    if (!isRecord(event)) throw garbage(this.#provider, 'something that is no JSON');
    if (event['error'] !== undefined || event['object'] === 'error') {
      throw classifyAnswer({ body: event, provider: this.#provider, request: this.#request });
    }
    const [text] = Array.isArray(event['text']) ? (event['text'] as unknown[]) : [];
    if (typeof text !== 'string') throw garbage(this.#provider, 'a line without a text');
    return text;
  }

  /** The server takes a stop sequence back once it is whole: such a line is shorter, and adds nothing. */
  #handOn(answer: string): StreamPart[] {
    if (this.#given.startsWith(answer)) return [];
    if (!answer.startsWith(this.#given)) throw garbage(this.#provider, 'a line that does not continue the one before');
    const text = answer.slice(this.#given.length);
    this.#given = answer;
    return [{ type: 'text', text }];
  }
}

/**
 * What of an answer will stay as it is: without the first half of a character at its end, the mark for one that is not whole yet,
 * and what may become a stop sequence.
 */
function settled(answer: string, stops: readonly string[]): string {
  const stopping = Math.max(0, ...stops.map((stop) => beginningAtEnd(answer, stop)));
  let end = answer.length - stopping;
  if (/[\uD800-\uDBFF]/.test(answer[end - 1] ?? '')) return answer.slice(0, end - 1);
  while (answer[end - 1] === '\uFFFD') end--;
  return answer.slice(0, end);
}

/** How many characters at the end of the text could be the beginning of the word. */
function beginningAtEnd(text: string, word: string): number {
  for (let length = word.length - 1; length > 0; length--) {
    if (text.endsWith(word.slice(0, length))) return length;
  }
  return 0;
}
