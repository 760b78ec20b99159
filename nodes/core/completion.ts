/** The answer: what providers stream, and the completion that it adds up to. */
import type { Citation } from './citations.ts';
import type { FailureKind } from './errors.ts';
import { GrowingText } from './growing-text.ts';
import type { ToolCall } from './messages.ts';

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'unknown';

/** Tokens of one request. `inputTokens` counts all of the prompt, cached or not. */
export interface Usage {
  inputTokens: number;
  outputTokens: number;
  /** The part of the input that the provider read from its cache. */
  cachedInputTokens?: number;
  /** The part of the input that the provider wrote to its cache. */
  cacheWriteTokens?: number;
  /** The part of the output that was thinking. */
  reasoningTokens?: number;
  /** True where the provider gave no count and the figures are ours. */
  estimated: boolean;
}

/** One piece of an answer, in the order in which the provider sends them. */
export type StreamPart =
  | { type: 'text'; text: string }
  /** A signature ends a block of thinking. */
  | { type: 'thinking'; text: string; signature?: string }
  | { type: 'toolCall'; index: number; id?: string; name?: string; arguments?: string }
  | { type: 'usage'; usage: Partial<Usage> }
  | { type: 'finish'; reason: FinishReason }
  | { type: 'model'; model: string }
  | { type: 'logprobs'; logprobs: unknown }
  | { type: 'embeddings'; vectors: number[][] };

export interface Cost {
  usd: number;
  inputUsd: number;
  outputUsd: number;
}

export interface Timing {
  /** Waiting for a place at the backend, in ms. */
  queuedMs: number;
  /** From the request to the first token, in ms; absent where there was none. */
  firstTokenMs?: number;
  totalMs: number;
  /** Output tokens a second, from the first token to the last. */
  tokensPerSecond?: number;
}

export interface BackendIdentity {
  id: string;
  name: string;
  type: string;
}

export interface AttemptRecord {
  /** The name of the backend, or of the branch where no backend reported. */
  backend: string;
  /** The names of the branches that led there, the outermost first: `cloud / B`. */
  branch?: string;
  outcome: 'ok' | 'failed' | 'cancelled';
  error?: FailureKind;
  ms: number;
}

export interface AssistantMessage {
  role: 'assistant';
  content: string | null;
  tool_calls?: ToolCall[];
  /** What the model thought before it answered, kept apart from the text. */
  thinking?: string;
  /** Anthropic's proof that the thinking is its own; sent back with a tool result. */
  thinkingSignature?: string;
}

export interface Completion {
  text: string;
  message: AssistantMessage;
  finishReason: FinishReason;
  provider: string;
  model: string;
  backend: BackendIdentity;
  usage: Usage;
  cost?: Cost;
  timing: Timing;
  attempts: AttemptRecord[];
  logprobs?: unknown[];
  /** A vector for each text of a request for embeddings. */
  embeddings?: number[][];
  /** The branches that routers chose, the outermost first: `A / local`. */
  route?: string;
  /** The passages of `msg.llm.context` that the answer names, where the request brought some. */
  citations?: Citation[];
}

/** What an answer is so far. Filled part by part. */
export class Answer {
  model: string | undefined;
  finishReason: FinishReason | undefined;
  usage: Partial<Usage> = {};
  /** True once anything that a person could have seen has arrived. */
  started = false;
  readonly logprobs: unknown[] = [];
  embeddings: number[][] | undefined;
  readonly #text = new GrowingText();
  readonly #thinking = new GrowingText();
  readonly #signatures: string[] = [];
  readonly #toolCalls = new Map<number, GrowingCall>();
  #other = 0;

  get text(): string {
    return this.#text.text;
  }

  get thinking(): string {
    return this.#thinking.text;
  }

  /** About how many characters are kept. */
  get size(): number {
    return this.#text.length + this.#thinking.length + this.#other;
  }

  add(part: StreamPart): void {
    switch (part.type) {
      case 'text':
        this.#text.append(part.text);
        this.started = true;
        return;
      case 'thinking':
        this.#thinking.append(part.text);
        if (part.signature) {
          this.#signatures.push(part.signature);
          this.#other += part.signature.length;
        }
        this.started = true;
        return;
      case 'toolCall':
        this.#addToolCall(part);
        this.started = true;
        return;
      case 'usage':
        Object.assign(this.usage, part.usage);
        return;
      case 'finish':
        this.finishReason = part.reason;
        return;
      case 'model':
        this.model = part.model;
        return;
      case 'logprobs':
        this.logprobs.push(part.logprobs);
        this.#other += JSON.stringify(part.logprobs)?.length ?? 0;
        return;
      case 'embeddings':
        this.embeddings = part.vectors;
        this.started = true;
        return;
      default:
        part satisfies never;
    }
  }

  /** The thinking is kept as one text: with several blocks of it no signature fits. */
  get signature(): string | undefined {
    return this.#signatures.length === 1 ? this.#signatures[0] : undefined;
  }

  get toolCalls(): ToolCall[] {
    return [...this.#toolCalls.entries()].sort(([a], [b]) => a - b).map(([, { id, name, text }]) => ({ id, type: 'function', function: { name, arguments: text.text } }));
  }

  get message(): AssistantMessage {
    const message: AssistantMessage = { role: 'assistant', content: this.text };
    if (this.#toolCalls.size > 0) {
      message.tool_calls = this.toolCalls;
      if (this.text === '') message.content = null;
    }
    if (this.thinking) message.thinking = this.thinking;
    if (this.signature) message.thinkingSignature = this.signature;
    return message;
  }

  #addToolCall({ index, id, name, arguments: text }: Extract<StreamPart, { type: 'toolCall' }>): void {
    let call = this.#toolCalls.get(index);
    if (!call) {
      call = { id: id ?? `call_${index}`, name: '', text: new GrowingText() };
      this.#toolCalls.set(index, call);
      this.#other += emptyCall;
    }
    if (id) call.id = id;
    if (name) call.name += name;
    if (text) call.text.append(text);
    this.#other += (id?.length ?? 0) + (name?.length ?? 0) + (text?.length ?? 0);
  }
}

/** A tool call while it comes. */
interface GrowingCall {
  id: string;
  name: string;
  readonly text: GrowingText;
}

/** What one without a word takes. */
const emptyCall = 200;

/** Where the tokens of a request go as they come. A promise that it returns holds the provider back. */
export interface TokenSink {
  write(parts: readonly StreamPart[]): void | Promise<void>;
  /** Another answer begins: what was written counts no more. Absent where the reader cannot take anything back. */
  restart?(): void | Promise<void>;
}
