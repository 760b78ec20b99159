/** What the API says, read with care: it may be any server's, and what is kept in the browser is read by the same functions. */

export interface Failure {
  /** What went wrong and what to do about it. */
  message: string;
  code?: string;
  status?: number;
}

export interface Usage {
  prompt_tokens?: number;
  completion_tokens?: number;
}

/** One try of one backend. */
export interface Attempt {
  backend: string;
  branch?: string;
  outcome: string;
  error?: string;
  ms?: number;
}

/** A passage that the answer cites, by the number in brackets. */
export interface Citation {
  number: number;
  title: string;
  headings: string[];
  /** Where the document is: a path, an address, else its id. */
  source: string;
  page?: number;
}

/** How the flow came to its answer: the `llm` object of the last chunk. */
export interface Handling {
  backend?: string;
  route?: string;
  attempts: Attempt[];
  costUsd?: number;
  timing: { firstTokenMs?: number; totalMs?: number; tokensPerSecond?: number };
  /** Only where the request had passages with it. */
  citations?: Citation[];
}

/** What one chunk adds to an answer. */
export interface Delta {
  text?: string;
  thinking?: string;
  finishReason?: string;
  usage?: Usage;
  llm?: Handling;
  failure?: Failure;
}

/** What a refused request adds: the failure, and perhaps what was tried. */
export type FailedDelta = Delta & { failure: Failure };

type Properties = Record<string, unknown>;

export function readChunk(data: string): Delta {
  const chunk = parse(data);
  if (!isObject(chunk)) return { failure: { message: 'The server sent something that is no JSON.' } };
  const choice: unknown = Array.isArray(chunk['choices']) ? chunk['choices'][0] : undefined;
  return {
    ...(isObject(choice) && readChoice(choice)),
    ...(isObject(chunk['usage']) && { usage: readUsage(chunk['usage']) }),
    ...(isObject(chunk['llm']) && { llm: readHandling(chunk['llm']) }),
    ...(chunk['error'] !== undefined && chunk['error'] !== null && { failure: readFailure(chunk['error']) }),
  };
}

/** What the body of an answer that is not 200 says, or undefined where it is none of the API's. */
export function readErrorBody(body: string, status: number): FailedDelta | undefined {
  const { failure, ...rest } = readChunk(body);
  return failure && isObject(parse(body)) ? { ...rest, failure: { ...failure, status } } : undefined;
}

/** The names in OpenAI's list of models. */
export function readModels(body: string): string[] {
  const object = parse(body);
  const list: unknown = isObject(object) ? object['data'] : undefined;
  if (!Array.isArray(list)) return [];
  return list.flatMap((model: unknown) => (isObject(model) && typeof model['id'] === 'string' ? [model['id']] : []));
}

export function readFailure(error: unknown): Failure {
  if (typeof error === 'string') return { message: error };
  if (!isObject(error)) return { message: 'The server reported an error without saying which.' };
  const message = text(error['message']) ?? 'The server reported an error without saying which.';
  return defined({ message, code: text(error['code']) ?? text(error['type']), status: number(error['status']) });
}

export function readUsage(usage: Properties): Usage {
  return defined({ prompt_tokens: number(usage['prompt_tokens']), completion_tokens: number(usage['completion_tokens']) });
}

export function readHandling(llm: Properties): Handling {
  const timing = isObject(llm['timing']) ? llm['timing'] : {};
  return defined({
    backend: text(llm['backend']),
    route: text(llm['route']),
    attempts: Array.isArray(llm['attempts']) ? llm['attempts'].filter(isObject).map(readAttempt) : [],
    costUsd: number(llm['costUsd']),
    timing: defined({
      firstTokenMs: number(timing['firstTokenMs']),
      totalMs: number(timing['totalMs']),
      tokensPerSecond: number(timing['tokensPerSecond']),
    }),
    citations: Array.isArray(llm['citations']) ? llm['citations'].filter(isObject).flatMap(readCitation) : undefined,
  });
}

export function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text with something in it. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function readChoice(choice: Properties): Delta {
  const said = isObject(choice['delta']) ? choice['delta'] : {};
  return defined({
    text: text(said['content']) ?? text(said['refusal']),
    thinking: text(said['reasoning_content']) ?? text(said['reasoning']),
    finishReason: text(choice['finish_reason']),
  });
}

function readAttempt(attempt: Properties): Attempt {
  return defined({
    backend: text(attempt['backend']) ?? 'a backend',
    branch: text(attempt['branch']),
    outcome: text(attempt['outcome']) ?? 'failed',
    error: text(attempt['error']),
    ms: number(attempt['ms']),
  });
}

function readCitation({ number: given, title, headings, source, page }: Properties): Citation[] {
  const cited = number(given);
  if (cited === undefined) return [];
  return [
    defined({
      number: cited,
      title: text(title) ?? '',
      headings: Array.isArray(headings) ? headings.filter((heading) => typeof heading === 'string') : [],
      source: text(source) ?? '',
      page: number(page),
    }),
  ];
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

type Defined<Value> = { [Key in keyof Value as undefined extends Value[Key] ? never : Key]: Value[Key] } & {
  [Key in keyof Value as undefined extends Value[Key] ? Key : never]?: Exclude<Value[Key], undefined>;
};

function defined<Value extends object>(value: Value): Defined<Value> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Defined<Value>;
}
