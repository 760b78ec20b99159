/** A request to Anthropic's Messages API, in the palette's own words. */
import type { ChatMessage, ContentPart, ToolCall, ToolDefinition } from '../../core/messages.ts';
import { readMessages } from '../../core/messages.ts';
import { isRecord, type RequestSettings } from '../../core/request.ts';
import type { ClientRequest, JsonObject } from './format.ts';
import { badField } from './openai.ts';

const read = ['model', 'messages', 'system', 'max_tokens', 'temperature', 'top_p', 'stop_sequences', 'tools', 'tool_choice', 'stream'];

/** @throws LlmError `invalid_request` that names what is wrong */
export function readAnthropicRequest(body: JsonObject): ClientRequest {
  const { messages, system, max_tokens: maxTokens, stream } = body;
  if (!Array.isArray(messages)) throw badField('messages', 'messages must be a list of messages.');
  if (maxTokens === undefined) throw badField('max_tokens', 'max_tokens is missing.');
  const prompt = [...systemMessages(system), ...messages.flatMap(readMessage)];
  return { prompt: readMessages(prompt), llm: settingsOf(body), stream: stream === true, includeUsage: true };
}

function settingsOf(body: JsonObject): RequestSettings {
  const { model, max_tokens: maxTokens, temperature, top_p: topP, stop_sequences: stop, tools, tool_choice: toolChoice } = body;
  const extra = Object.fromEntries(Object.entries(body).filter(([name, value]) => !read.includes(name) && value !== undefined && value !== null));
  const settings = { model, maxTokens, temperature, topP, stop, tools: readTools(tools), toolChoice: readToolChoice(toolChoice) };
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined && value !== null));
  return { ...given, ...(Object.keys(extra).length > 0 && { extra }) };
}

function systemMessages(system: unknown): ChatMessage[] {
  if (system === undefined || system === null) return [];
  const text = typeof system === 'string' ? system : blocksOf(system, 'system').map(({ text }) => String(text ?? '')).join('\n\n');
  return text === '' ? [] : [{ role: 'system', content: text }];
}

/** One message of Anthropic's may be several of ours: each tool result is one of its own. */
function readMessage(message: unknown): ChatMessage[] {
  if (!isRecord(message) || (message['role'] !== 'user' && message['role'] !== 'assistant')) throw badField('messages', 'A message must have the role user or assistant.');
  const { role, content } = message;
  if (typeof content === 'string') return [{ role, content }];
  const blocks = blocksOf(content, 'messages');
  return role === 'user' ? userMessages(blocks) : [assistantMessage(blocks)];
}

function userMessages(blocks: readonly JsonObject[]): ChatMessage[] {
  const results = blocks.filter(({ type }) => type === 'tool_result').map(toolMessage);
  const parts = blocks.flatMap(contentPart);
  return parts.length > 0 ? [...results, { role: 'user', content: parts }] : results;
}

function toolMessage({ tool_use_id: id, content }: JsonObject): ChatMessage {
  const text = typeof content === 'string' ? content : blocksOf(content ?? [], 'messages').map(({ text }) => String(text ?? '')).join('\n');
  return { role: 'tool', tool_call_id: String(id ?? ''), content: text };
}

function contentPart(block: JsonObject): ContentPart[] {
  switch (block['type']) {
    case 'text':
      return [{ type: 'text', text: String(block['text'] ?? '') }];
    case 'image':
      return [{ type: 'image_url', image_url: { url: imageUrl(block['source']) } }];
    case 'tool_result':
      return [];
    default:
      throw badField('messages', 'A content block has a type that is not taken here.');
  }
}

function imageUrl(source: unknown): string {
  if (isRecord(source) && typeof source['url'] === 'string') return source['url'];
  if (isRecord(source) && typeof source['data'] === 'string') return `data:${String(source['media_type'])};base64,${source['data']}`;
  throw badField('messages', 'An image must have a source with data or a url.');
}

function assistantMessage(blocks: readonly JsonObject[]): ChatMessage {
  const calls = blocks.filter(({ type }) => type === 'tool_use').map(toolCall);
  const text = blocks.filter(({ type }) => type === 'text').map(({ text }) => String(text ?? '')).join('');
  const thinking = blocks.find(({ type }) => type === 'thinking');
  return {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(thinking && { thinking: String(thinking['thinking'] ?? ''), thinkingSignature: String(thinking['signature'] ?? '') }),
  };
}

function toolCall({ id, name, input }: JsonObject): ToolCall {
  return { id: String(id ?? ''), type: 'function', function: { name: String(name ?? ''), arguments: JSON.stringify(input ?? {}) } };
}

function readTools(tools: unknown): ToolDefinition[] | undefined {
  if (tools === undefined || tools === null) return undefined;
  return blocksOf(tools, 'tools').map(({ name, description, input_schema: parameters }) => {
    if (typeof name !== 'string') throw badField('tools', 'A tool must have a name.');
    return {
      type: 'function',
      function: { name, ...(typeof description === 'string' && { description }), ...(isRecord(parameters) && { parameters }) },
    };
  });
}

function readToolChoice(choice: unknown): unknown {
  if (!isRecord(choice)) return undefined;
  switch (choice['type']) {
    case 'any':
      return 'required';
    case 'tool':
      return { type: 'function', function: { name: choice['name'] } };
    default:
      return choice['type'];
  }
}

function blocksOf(value: unknown, field: string): JsonObject[] {
  if (!Array.isArray(value) || !value.every(isRecord)) throw badField(field, `${field} must hold text or a list of content blocks.`);
  return value;
}
