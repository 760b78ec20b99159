/** A request as `/completions` wants it: the conversation as one text. */
import { asPrompt } from '../../core/conversation/text.ts';
import type { JsonObject } from '../../core/json.ts';
import type { CompletionRequest } from '../../core/request.ts';
import { type OpenAiManner, streamed, writeOpenAiSettings } from '../openai/settings.ts';

/** The body, streamed. @throws LlmError where there are images, files or sound */
export function writeRequest(request: CompletionRequest, manner: OpenAiManner = {}): JsonObject {
  return streamed({ ...writeOpenAiSettings(request, manner), prompt: asPrompt(request.messages) }, request, manner);
}
