/** OpenAI's form of a conversation and its tools, as the Messages API wants them. */
import type Anthropic from '@anthropic-ai/sdk';
import { LlmError } from '../../core/errors.ts';
import { parseJson } from '../../core/answer-bound.ts';
import { type ChatMessage, type ContentPart, parseDataUrl, textOf, type ToolCall, type ToolDefinition } from '../../core/messages.ts';
import { isRecord } from '../../core/request.ts';

type Block = Anthropic.Messages.ContentBlockParam;
type ResultBlock = Anthropic.Messages.TextBlockParam | Anthropic.Messages.ImageBlockParam;

export interface Turn {
  role: 'user' | 'assistant';
  content: Block[];
}

export interface Conversation {
  /** The system prompt has its own place; undefined where there is none. */
  system: string | undefined;
  messages: Turn[];
}

/** @throws LlmError `invalid_request` for what the API has no form for */
export function translateMessages(messages: readonly ChatMessage[]): Conversation {
  const system = messages.filter(({ role }) => role === 'system' || role === 'developer').map(({ content }) => textOf(content));
  const turns: Turn[] = [];
  for (const message of messages) {
    const turn = translate(message);
    if (!turn || turn.content.length === 0) continue;
    // The results of several tool calls, and the question after them, belong into one turn.
    const last = turns.at(-1);
    if (last?.role === turn.role) last.content.push(...turn.content);
    else turns.push(turn);
  }
  return { system: system.filter(Boolean).join('\n\n') || undefined, messages: turns };
}

function translate(message: ChatMessage): Turn | undefined {
  switch (message.role) {
    case 'system':
    case 'developer':
      return undefined;
    case 'user':
      return { role: 'user', content: blocksOf(message.content) };
    case 'assistant':
      return { role: 'assistant', content: [...thinkingOf(message), ...blocksOf(message.content), ...(message.tool_calls ?? []).map(toolUseOf)] };
    case 'tool':
      return { role: 'user', content: [toolResultOf(message)] };
    default:
      return message.role satisfies never;
  }
}

/** The API refuses blocks of text that are blank. */
function blocksOf(content: ChatMessage['content']): ResultBlock[] {
  const parts = typeof content === 'string' ? [{ type: 'text', text: content } as const] : (content ?? []);
  return parts.filter((part) => part.type !== 'text' || part.text.trim() !== '').map(blockOf);
}

function blockOf(part: ContentPart): ResultBlock {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text };
    case 'image_url':
      return { type: 'image', source: imageSourceOf(part.image_url.url) };
    default:
      return part satisfies never;
  }
}

function imageSourceOf(url: string): Anthropic.Messages.ImageBlockParam['source'] {
  const data = parseDataUrl(url);
  // The API checks the type of the image itself and names those that it takes.
  if (data) return { type: 'base64', media_type: data.mediaType as Anthropic.Messages.Base64ImageSource['media_type'], data: data.base64 };
  if (/^https?:\/\//i.test(url)) return { type: 'url', url };
  throw invalid('An image in the prompt has no address that Anthropic can read.', 'Use an https:// address or a data:image/…;base64,… URL.');
}

/** Only with its signature is thinking taken back; without one the answer is sent without it. */
function thinkingOf(message: ChatMessage): Block[] {
  const { thinking, thinkingSignature: signature } = message as ChatMessage & Record<string, unknown>;
  if (typeof signature !== 'string' || signature === '') return [];
  return [{ type: 'thinking', thinking: typeof thinking === 'string' ? thinking : '', signature }];
}

function toolUseOf({ id, function: called }: ToolCall): Block {
  const input = called.arguments.trim() === '' ? {} : parseJson(called.arguments);
  if (!isRecord(input)) {
    throw invalid('The arguments of a tool call in the conversation are no JSON object.', 'Pass the answer’s message on as it came.');
  }
  return { type: 'tool_use', id, name: called.name, input };
}

function toolResultOf({ tool_call_id: id, content }: ChatMessage): Block {
  const blocks = blocksOf(content);
  return { type: 'tool_result', tool_use_id: id ?? '', ...(blocks.length > 0 && { content: blocks }) };
}

/** Tools in Anthropic's own form, such as its web search, are passed on as they are. */
export function translateTools(tools: readonly ToolDefinition[] | undefined): unknown[] | undefined {
  return tools?.map((tool) => {
    if (!isRecord(tool) || !isRecord(tool.function)) return tool;
    const { name, description, parameters, strict } = tool.function;
    return { name, description, input_schema: parameters ?? { type: 'object', properties: {} }, strict };
  });
}

/** @throws LlmError `invalid_request` for a choice that is none */
export function translateToolChoice(choice: unknown): unknown {
  if (choice === undefined) return undefined;
  if (choice === 'auto' || choice === 'none') return { type: choice };
  if (choice === 'required') return { type: 'any' };
  if (!isRecord(choice)) {
    throw invalid('The choice of a tool is not one that there is.', 'Use auto, none, required or {"type": "function", "function": {"name": "…"}}.');
  }
  return isRecord(choice['function']) ? { type: 'tool', name: choice['function']['name'] } : choice;
}

/**
 * OpenAI's response format as `output_config`.
 * @throws LlmError `invalid_request` for JSON without a schema, which the API does not have
 */
export function translateFormat(format: unknown): { format: Anthropic.Messages.JSONOutputFormat } | undefined {
  if (format === undefined || (isRecord(format) && format['type'] === 'text')) return undefined;
  if (isRecord(format) && format['type'] === 'json_schema') {
    const schema = isRecord(format['json_schema']) ? format['json_schema']['schema'] : format['schema'];
    if (isRecord(schema)) return { format: { type: 'json_schema', schema } };
  }
  throw invalid(
    'Anthropic answers in JSON only by a schema.',
    'Use {"type": "json_schema", "json_schema": {"schema": {…}}} as the response format, or ask for JSON in the prompt.',
  );
}

function invalid(message: string, hint: string): LlmError {
  return new LlmError('invalid_request', message, { provider: 'anthropic', hint });
}
