/** Anthropic's Messages API. */
import { parseJson } from '../../core/answer-bound.ts';
import { garbage } from '../../core/classify.ts';
import type { AttemptContext, ModelClient } from '../../core/client.ts';
import type { StreamPart } from '../../core/completion.ts';
import { LlmError } from '../../core/errors.ts';
import type { HttpResponse } from '../../core/http.ts';
import { isRecord, type JsonObject } from '../../core/json.ts';
import type { Provider } from '../../core/provider.ts';
import type { CompletionRequest } from '../../core/request.ts';
import { readAnswer } from '../../formats/anthropic-messages/answer-in.ts';
import { writeRequest } from '../../formats/anthropic-messages/request-out.ts';
import { wantsAnyJson } from '../../formats/anthropic-messages/settings.ts';
import type { AnthropicAccount } from './account.ts';

export interface AnthropicOptions {
  /** How many tokens the model may think; it decides by itself where the number is missing. */
  thinkingTokens?: number | undefined;
}

/** The API wants a limit with each request. */
const defaultMaxTokens = 4096;

export class AnthropicClient implements ModelClient {
  readonly #account: AnthropicAccount;
  readonly #options: AnthropicOptions;

  constructor(account: AnthropicAccount, options: AnthropicOptions = {}) {
    this.#account = account;
    this.#options = options;
  }

  get provider() {
    return this.#account.provider;
  }

  async *stream(request: CompletionRequest, context: AttemptContext): AsyncGenerator<readonly StreamPart[]> {
    if (request.task === 'embed') throw noEmbeddings();
    const { headers, body } = await this.#post(request, context);
    const answer = readAnswer({ headers, body, provider: this.provider, request, maxBytes: context.maxAnswerBytes });
    yield* wantsAnyJson(request.responseFormat) ? checkedJson(answer, this.provider) : answer;
  }

  async #post(request: CompletionRequest, context: AttemptContext): Promise<HttpResponse> {
    const { model = '' } = request;
    const { adaptiveModels } = this.#account.learned;
    const { thinkingTokens } = this.#options;
    if (thinkingTokens === undefined) return this.#send(request, undefined, context);
    if (adaptiveModels.has(model)) return this.#send(request, adaptiveThinking, context);
    let refused = false;
    try {
      const onRefused = (status: number, text: string) => (refused = status === 400 && refusesBudget(text));
      return await this.#send(request, { type: 'enabled', budget_tokens: thinkingTokens }, { ...context, onRefused });
    } catch (error) {
      if (!refused) throw error;
      const response = await this.#send(request, adaptiveThinking, context);
      adaptiveModels.add(model);
      return response;
    }
  }

  #send(request: CompletionRequest, thinking: JsonObject | undefined, context: SendContext): Promise<HttpResponse> {
    const body = bodyOf(request, thinking, this.#options);
    return this.#account.post(body, versionHeaders(body), { ...context, request });
  }
}

/** JSON without a schema is only asked for in words: whether it came is seen at the end. @throws LlmError `server` where it did not */
async function* checkedJson(answer: AsyncIterable<readonly StreamPart[]>, provider: Provider): AsyncGenerator<readonly StreamPart[]> {
  let text = '';
  for await (const parts of answer) {
    for (const part of parts) {
      if (part.type === 'text') text += part.text;
      if (part.type === 'finish' && part.reason === 'stop' && !isRecord(parseJson(text.trim()))) throw garbage(provider, 'text where a JSON object was asked for');
    }
    yield parts;
  }
}

function noEmbeddings(): LlmError {
  return new LlmError('not_found', 'Anthropic offers no embeddings.', { provider: 'anthropic', hint: 'Ask another backend for them.' });
}

type SendContext = AttemptContext & { onRefused?: (status: number, text: string) => void };

const adaptiveThinking: JsonObject = { type: 'adaptive', display: 'summarized' };

/** Newer models take no budget: "… Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior." */
function refusesBudget(text: string): boolean {
  return /thinking\.type\.(enabled|adaptive)/.test(text);
}

/** A seed has no place in this API. Thinking counts as output: the default leaves room for it. */
function bodyOf(request: CompletionRequest, thinking: JsonObject | undefined, { thinkingTokens = 0 }: AnthropicOptions): JsonObject {
  return writeRequest(request, { maxTokens: defaultMaxTokens + thinkingTokens, thinking });
}

const samplingFields = ['temperature', 'top_p', 'top_k'];

/** Version 2026-10-21, which the SDK asks for, refuses every sampling parameter; the one before leaves that to the model. */
function versionHeaders(body: JsonObject): Record<string, string> {
  return samplingFields.some((field) => body[field] !== undefined) ? { 'anthropic-version': '2023-06-01' } : {};
}
