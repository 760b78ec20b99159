/** A model that says the prompt again, or what passages say of it, word by word, at a chosen pace, and fails on purpose. */
import { setTimeout as delay } from 'node:timers/promises';
import type { AttemptContext, ModelClient } from '../../core/client.ts';
import type { FinishReason, StreamPart } from '../../core/completion.ts';
import { readContext } from '../../core/context.ts';
import { continued } from '../../core/continuation.ts';
import { textOf } from '../../core/conversation/text.ts';
import { type FailureKind, LlmError } from '../../core/errors.ts';
import { hashToUnit } from '../../core/hash.ts';
import { hintFor } from '../../core/hints.ts';
import type { Provider } from '../../core/provider.ts';
import { type CompletionRequest, textsToEmbed } from '../../core/request.ts';
import { extract } from './extract.ts';

export const echoModes = ['echo', 'extract'] as const;

export interface EchoOptions {
  model: string;
  /** What it says: the prompt, or the sentences that fit the question best of the passages that came with it. */
  mode?: (typeof echoModes)[number];
  /** 0 sends all tokens at once. */
  tokensPerSecond: number;
  /** Before the first token. */
  delayMs: number;
  fault?: {
    kind: FailureKind;
    /** The share of requests that fail, 0 to 100. */
    percent: number;
    /** How many tokens come before the failure. */
    afterTokens: number;
  };
  /** A number from 0 to 1 for each request, to decide whether it fails. */
  random?: () => number;
}

export const echoProvider: Provider = { id: 'echo', label: 'Echo', url: 'echo' };

export class EchoClient implements ModelClient {
  readonly provider = echoProvider;
  readonly #options: EchoOptions;

  constructor(options: EchoOptions) {
    this.#options = options;
  }

  async *stream(request: CompletionRequest, { signal, onConnected }: AttemptContext): AsyncGenerator<readonly StreamPart[]> {
    const { model, delayMs } = this.#options;
    const fault = this.#drawFault();
    onConnected();
    if (delayMs > 0) await delay(delayMs, undefined, { signal });
    yield [{ type: 'model', model: request.model || model }];
    const texts = textsToEmbed(request);
    if (texts) {
      if (fault) return await fail(fault.kind, signal);
      yield embeddingsOf(texts);
      return;
    }
    const { tokens, reason } = this.#answer(request);
    const sent = fault ? tokens.slice(0, fault.afterTokens) : tokens;
    yield* this.#pace(sent, signal);
    if (fault) return await fail(fault.kind, signal);
    const inputTokens = request.messages.reduce((sum, { content }) => sum + wordsOf(textOf(content)).length, 0);
    yield [
      { type: 'usage', usage: { inputTokens, outputTokens: tokens.length } },
      { type: 'finish', reason },
    ];
  }

  #answer(request: CompletionRequest): { tokens: string[]; reason: FinishReason } {
    const { messages: asked, said } = continued(request.messages) ?? { messages: request.messages, said: '' };
    const question = asked.findLast(({ role }) => role === 'user') ?? asked.at(-1);
    const prompt = textOf(question?.content ?? null);
    return cut(this.#options.mode === 'extract' ? extractOf(prompt, request) : prompt, said, request);
  }

  async *#pace(tokens: readonly string[], signal: AbortSignal): AsyncGenerator<readonly StreamPart[]> {
    const { tokensPerSecond } = this.#options;
    if (tokensPerSecond === 0) {
      yield tokens.map(asPart);
      return;
    }
    const started = performance.now();
    for (const [index, token] of tokens.entries()) {
      const dueMs = started + (index * 1000) / tokensPerSecond - performance.now();
      if (dueMs > 0) await delay(dueMs, undefined, { signal });
      yield [asPart(token)];
    }
  }

  #drawFault() {
    const { fault, random = Math.random } = this.#options;
    return fault && random() * 100 < fault.percent ? fault : undefined;
  }
}

/** The prompt may have been written around the question; who did that tells the question itself. */
function extractOf(prompt: string, { context, question }: CompletionRequest): string {
  const asked = typeof question === 'string' && question !== '' && prompt.includes(question) ? question : prompt;
  return extract(asked, readContext(context)) ?? `No passages came with the question, so there is nothing to extract an answer from. It was: ${asked}`;
}

/** As much of a text as is asked for, and why it ends there. Asked to go on, it is the rest. */
function cut(text: string, said: string, { stop, maxTokens }: CompletionRequest): { tokens: string[]; reason: FinishReason } {
  const cuts = (stop ?? []).map((word) => text.indexOf(word)).filter((at) => at >= 0);
  const whole = cuts.length > 0 ? text.slice(0, Math.min(...cuts)) : text;
  const tokens = wordsOf(whole.startsWith(said) ? whole.slice(said.length) : whole);
  if (maxTokens === undefined || tokens.length <= maxTokens) return { tokens, reason: 'stop' };
  return { tokens: tokens.slice(0, maxTokens), reason: 'length' };
}

const dimensions = 64;

/** Texts that share words have vectors that are alike: each word adds one to a place that its hash chooses. */
function embeddingsOf(texts: readonly string[]): StreamPart[] {
  const words = texts.map((text) => wordsOf(text.toLowerCase()).map((word) => word.trim()));
  return [
    { type: 'embeddings', vectors: words.map(vectorOf) },
    { type: 'usage', usage: { inputTokens: words.flat().length, outputTokens: 0 } },
    { type: 'finish', reason: 'stop' },
  ];
}

function vectorOf(words: readonly string[]): number[] {
  const counts = Array.from({ length: dimensions }, () => 0);
  for (const word of words) {
    const place = Math.floor(hashToUnit(word) * dimensions);
    counts[place] = (counts[place] ?? 0) + 1;
  }
  const length = Math.hypot(...counts) || 1;
  return counts.map((count) => count / length);
}

/** Words with the blanks before them, so that joined they are the text again. */
function wordsOf(text: string): string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}

function asPart(text: string): StreamPart {
  return { type: 'text', text };
}

async function fail(kind: FailureKind, signal: AbortSignal): Promise<never> {
  // A timeout is a server that goes silent: the backend's own timers find out.
  if (kind === 'timeout') {
    await new Promise((_, reject) => {
      if (signal.aborted) reject(signal.reason as Error);
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  }
  throw new LlmError(kind, `The echo failed on purpose (${kind}).`, { provider: echoProvider.id, hint: hintFor(kind, { provider: echoProvider }) });
}
