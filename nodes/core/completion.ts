/** The answer: what providers stream, and the completion that it adds up to. */
import type { Citation } from './citations.ts';
import { AnswerBlocks, isBlockPart } from './conversation/answer-blocks.ts';
import { assistantMessage } from './conversation/blocks.ts';
import { type Block, type Carried, type ChatMessage, type Dialect, type ToolCall } from './conversation/message.ts';
import type { FailureKind } from './errors.ts';
import type { JsonObject } from './json.ts';

/** `pause` is where the provider wants to be asked to go on with what it has said. */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'pause' | 'unknown';

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

/** One piece of an answer, in the order in which the provider sends them. `block` numbers the blocks of an answer, where a provider has some. */
export type StreamPart =
  | { type: 'text'; text: string; block?: number }
  /** What is carried, such as a signature, ends a thought. */
  | { type: 'thinking'; text: string; carried?: Carried; block?: number }
  | { type: 'refusal'; text: string; block?: number }
  /** `index` tells calls apart; the first piece of one has its id and its name whole. */
  | { type: 'toolCall'; index: number; id?: string; name?: string; arguments?: string; isCustom?: boolean; carried?: Carried }
  /** Of the text that it follows. */
  | { type: 'citation'; dialect: Dialect; citation: JsonObject; block?: number }
  /** A whole block of one API's own. */
  | { type: 'own'; dialect: Dialect; block: JsonObject; text?: string }
  /** What one API alone says of the answer, such as its id. */
  | { type: 'about'; dialect: Dialect; fields: JsonObject }
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

/** What is carried is what one API alone says of the answer. */
export interface Completion extends Carried {
  text: string;
  message: ChatMessage;
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
  readonly about: Carried = {};
  readonly #blocks = new AnswerBlocks();
  #other = 0;

  /** About how many characters are kept. */
  get size(): number {
    return this.#blocks.size + this.#other;
  }

  add(part: StreamPart): void {
    if (isBlockPart(part)) {
      this.#blocks.add(part);
      // The beginning of a block alone shows nothing: another provider may still be asked.
      if (!('text' in part) || part.text !== '') this.started = true;
      return;
    }
    switch (part.type) {
      case 'usage':
        Object.assign(this.usage, part.usage);
        return;
      case 'finish':
        // Some servers call any end a stop.
        this.finishReason = part.reason === 'stop' && this.toolCalls.length > 0 ? 'tool_calls' : part.reason;
        return;
      case 'model':
        this.model = part.model;
        return;
      case 'about':
        this.about[part.dialect] = { ...this.about[part.dialect], ...part.fields };
        this.#other += JSON.stringify(part.fields).length;
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

  /** What the model said, and where it said nothing but why it would not, that. */
  get text(): string {
    return this.#blocks.textOf('text') || this.#blocks.textOf('refusal');
  }

  get thinking(): string {
    return this.#blocks.textOf('thinking');
  }

  get blocks(): readonly Block[] {
    return this.#blocks.all;
  }

  get toolCalls(): ToolCall[] {
    return this.#blocks.calls;
  }

  get message(): ChatMessage {
    return assistantMessage(this.#blocks.all);
  }
}

/** Where the tokens of a request go as they come. A promise that it returns holds the provider back. */
export interface TokenSink {
  write(parts: readonly StreamPart[]): void | Promise<void>;
  /** Another answer begins: what was written counts no more. Absent where the reader cannot take anything back. */
  restart?(): void | Promise<void>;
}
