/** OpenAI's two APIs, chat and completions, and what to do where a server takes them a little differently. */
import type { AttemptContext, ModelClient } from '../../core/client.ts';
import type { StreamPart } from '../../core/completion.ts';
import type { HttpResponse } from '../../core/http.ts';
import type { JsonObject } from '../../core/json.ts';
import type { CompletionRequest } from '../../core/request.ts';
import { readAnswer } from '../../formats/openai-chat/answer-in.ts';
import { type ChatManner, writeRequest as writeChat } from '../../formats/openai-chat/request-out.ts';
import { writeRequest as writeCompletions } from '../../formats/openai-completions/request-out.ts';
import type { MaxTokensField, OpenAiAccount } from './account.ts';
import { mannersOf } from './dialects.ts';

export interface OpenAiOptions {
  /** `auto`: completions for the models that know nothing else. */
  api: 'auto' | 'chat' | 'completions';
  /** `auto`: by the model, and by what the server says. */
  maxTokensField: 'auto' | MaxTokensField;
}

/** How a request is put into a body: what a refusal may change. */
interface Manner {
  /** `auto` takes the client's own word. */
  maxTokensField: MaxTokensField | 'auto';
  includeUsage: boolean;
}

/** A server may refuse the usage and the name of the token limit, one after the other. */
const mostRefusals = 2;

export class OpenAiClient implements ModelClient {
  readonly #account: OpenAiAccount;
  readonly #options: OpenAiOptions;

  constructor(account: OpenAiAccount, options: OpenAiOptions) {
    this.#account = account;
    this.#options = options;
  }

  get provider() {
    return this.#account.provider;
  }

  async *stream(request: CompletionRequest, context: AttemptContext): AsyncGenerator<readonly StreamPart[]> {
    if (request.task === 'embed') {
      yield* this.#account.embeddings.stream(request, context);
      return;
    }
    const { headers, body } = await this.#post(request, context);
    yield* readAnswer({ headers, body, provider: this.provider, request, maxBytes: context.maxAnswerBytes });
  }

  async #post(request: CompletionRequest, context: AttemptContext): Promise<HttpResponse> {
    const { path, bodyOf } = this.#apiFor(request);
    let manner = this.#mannerFor(request);
    for (let refusals = 0; ; refusals++) {
      let better: Manner | undefined;
      const onRefused = (status: number, text: string) => (better = this.#learn(manner, request, status, text));
      try {
        const response = await this.#account.post(path, bodyOf(request, manner), { ...context, request, onRefused });
        if (refusals > 0) this.#remember(manner, request);
        return response;
      } catch (error) {
        if (!better || refusals === mostRefusals) throw error;
        manner = better;
      }
    }
  }

  #apiFor({ model = '' }: CompletionRequest): { path: string; bodyOf: (request: CompletionRequest, manner: Manner) => JsonObject } {
    const { api } = this.#options;
    const completes = api === 'completions' || (api === 'auto' && completionModels.test(model));
    return completes ? { path: '/completions', bodyOf: writeCompletions } : { path: '/chat/completions', bodyOf: (asked, manner) => writeChat(asked, { ...this.#chatManner, ...manner }) };
  }

  get #chatManner(): ChatManner {
    const { provider, official } = this.#account;
    return official ? { isOpenAi: true } : mannersOf(provider.url);
  }

  #mannerFor({ model = '' }: CompletionRequest): Manner {
    const { official, learned } = this.#account;
    const { maxTokensField } = this.#options;
    const guess = official && reasoningModels.test(model) ? 'max_completion_tokens' : 'auto';
    return {
      maxTokensField: maxTokensField === 'auto' ? (learned.maxTokensFields.get(model) ?? guess) : maxTokensField,
      includeUsage: !learned.streamOptionsRefused,
    };
  }

  /** The manner that the server would rather have; undefined where its refusal is about something else. */
  #learn(manner: Manner, request: CompletionRequest, status: number, text: string): Manner | undefined {
    if (status !== 400 && status !== 422) return undefined;
    if (manner.includeUsage && text.includes('stream_options')) return { ...manner, includeUsage: false };
    if (this.#options.maxTokensField !== 'auto' || request.maxTokens === undefined || !refusesField(text)) return undefined;
    // Either it is refused, or it is what the server wants instead.
    if (!text.includes('max_completion_tokens')) return undefined;
    return { ...manner, maxTokensField: wordIn(manner, request) === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens' };
  }

  /** Only once the server has taken it so: a refusal that merely quotes our body teaches nothing. */
  #remember({ includeUsage, maxTokensField }: Manner, { model = '' }: CompletionRequest): void {
    const { learned } = this.#account;
    if (!includeUsage) learned.streamOptionsRefused = true;
    if (this.#options.maxTokensField === 'auto' && maxTokensField !== 'auto') learned.maxTokensFields.set(model, maxTokensField);
  }
}

/** The name of the token limit in a body of this manner. */
function wordIn({ maxTokensField }: Manner, { openai }: CompletionRequest): MaxTokensField {
  if (maxTokensField !== 'auto') return maxTokensField;
  return openai?.['max_completion_tokens'] === undefined ? 'max_tokens' : 'max_completion_tokens';
}

/** The models that OpenAI lists for `/v1/completions` alone, and what is fine-tuned from them. */
const completionModels = /^(ft:)?(gpt-3\.5-turbo-instruct|davinci-002|babbage-002)/;

/** They refuse `max_tokens`, for thinking counts as well: o1, o3, o4-mini, gpt-5 and what came after. */
const reasoningModels = /^(ft:)?(o\d|gpt-([5-9]|\d\d))/;

/** "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", or words to that effect. */
function refusesField(text: string): boolean {
  return /unsupported|not supported|unrecognized|unknown|unexpected|not permitted|not allowed|extra_forbidden|instead/i.test(text);
}
