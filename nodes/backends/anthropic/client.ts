/** Anthropic's Messages API. */
import type { AttemptContext, ModelClient } from '../../core/client.ts';
import type { StreamPart } from '../../core/completion.ts';
import { LlmError } from '../../core/errors.ts';
import type { HttpResponse } from '../../core/http.ts';
import type { JsonObject } from '../../core/openai-body.ts';
import type { CompletionRequest } from '../../core/request.ts';
import type { AnthropicAccount } from './account.ts';
import { translateFormat, translateMessages, translateToolChoice, translateTools } from './messages.ts';
import { readAnthropicAnswer } from './stream.ts';

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
    yield* readAnthropicAnswer({ headers, body, provider: this.provider, request, maxBytes: context.maxAnswerBytes });
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

function noEmbeddings(): LlmError {
  return new LlmError('not_found', 'Anthropic offers no embeddings.', { provider: 'anthropic', hint: 'Ask another backend for them.' });
}

type SendContext = AttemptContext & { onRefused?: (status: number, text: string) => void };

const adaptiveThinking: JsonObject = { type: 'adaptive', display: 'summarized' };

/** Newer models take no budget: "… Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior." */
function refusesBudget(text: string): boolean {
  return /thinking\.type\.(enabled|adaptive)/.test(text);
}

/** `extra` wins over everything but the stream. A seed has no place in this API. */
function bodyOf(request: CompletionRequest, thinking: JsonObject | undefined, { thinkingTokens = 0 }: AnthropicOptions): JsonObject {
  const { model, maxTokens, temperature, topP, stop, tools, toolChoice, responseFormat, extra } = request;
  return {
    model: model || undefined,
    // Thinking counts as output: the default leaves room for it.
    max_tokens: maxTokens ?? defaultMaxTokens + thinkingTokens,
    ...translateMessages(request.messages),
    stop_sequences: stop,
    temperature,
    top_p: topP,
    tools: translateTools(tools),
    tool_choice: translateToolChoice(toolChoice),
    thinking,
    output_config: translateFormat(responseFormat),
    ...extra,
    stream: true,
  };
}

const samplingFields = ['temperature', 'top_p', 'top_k'];

/** Version 2026-10-21, which the SDK asks for, refuses every sampling parameter; the one before leaves that to the model. */
function versionHeaders(body: JsonObject): Record<string, string> {
  return samplingFields.some((field) => body[field] !== undefined) ? { 'anthropic-version': '2023-06-01' } : {};
}
