/** A request to Anthropic's Messages API, in the palette's own words. */
import type { ChatMessage, ContentPart, ToolCall, ToolDefinition } from '../../core/messages.ts';
import { readMessages } from '../../core/messages.ts';
import { isRecord } from '../../core/request.ts';
import { badField, type FieldNames, readFields, readStreamField } from './fields.ts';
import type { ClientRequest, JsonObject } from './format.ts';

const settingNames: FieldNames = { model: 'model', max_tokens: 'maxTokens', temperature: 'temperature', top_p: 'topP', stop_sequences: 'stop' };

/** @throws LlmError `invalid_request` that names what is wrong */
export function readAnthropicRequest(body: JsonObject): ClientRequest {
  const { messages, system, max_tokens: maxTokens, tools, tool_choice: choice, output_config: output } = body;
  if (!Array.isArray(messages)) throw badField('messages', 'messages must be a list of messages.');
  if (maxTokens === undefined || maxTokens === null) throw badField('max_tokens', 'max_tokens is missing.');
  const format = readFormat(output);
  const isOnlyFormat = format !== undefined && Object.keys(output as JsonObject).length === 1;
  const llm = {
    ...readFields(body, settingNames, ['messages', 'system', 'tools', 'tool_choice', 'stream', ...(isOnlyFormat ? ['output_config'] : [])]),
    ...(format && { responseFormat: format }),
    ...(isGiven(tools) && { tools: readTools(tools) }),
    ...(isGiven(choice) && { toolChoice: readToolChoice(choice) }),
  };
  const prompt = readMessages([...systemMessages(system), ...messages.flatMap(readMessage)], 'messages');
  return { prompt, llm, stream: readStreamField(body), includeUsage: true };
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function systemMessages(system: unknown): ChatMessage[] {
  if (!isGiven(system)) return [];
  const text = typeof system === 'string' ? system : blocksOf(system, 'system').map(({ text }) => textIn(text, 'system')).join('\n\n');
  return text === '' ? [] : [{ role: 'system', content: text }];
}

/** One message of Anthropic's may be several of ours: each tool result is one of its own. */
function readMessage(message: unknown): ChatMessage[] {
  const { role, content } = isRecord(message) ? message : {};
  switch (role) {
    case 'system':
      return systemMessages(content);
    case 'user':
      return typeof content === 'string' ? [{ role, content }] : userMessages(blocksOf(content, 'messages'));
    case 'assistant':
      return [typeof content === 'string' ? { role, content } : assistantMessage(blocksOf(content, 'messages'))];
    default:
      throw badField('messages', 'A message must have the role user or assistant.');
  }
}

function userMessages(blocks: readonly JsonObject[]): ChatMessage[] {
  const results = blocks.filter(({ type }) => type === 'tool_result').map(toolMessage);
  const parts = blocks.filter(({ type }) => type !== 'tool_result').map(contentPart);
  return parts.length > 0 ? [...results, { role: 'user', content: parts }] : results;
}

/** Text alone becomes one text: few servers take a tool's result in parts. */
function toolMessage({ tool_use_id: id, content }: JsonObject): ChatMessage {
  if (typeof id !== 'string') throw badField('messages', 'A tool result must have a tool_use_id.');
  if (!isGiven(content) || typeof content === 'string') return { role: 'tool', tool_call_id: id, content: typeof content === 'string' ? content : '' };
  const parts = blocksOf(content, 'messages').map(contentPart);
  const texts = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  return { role: 'tool', tool_call_id: id, content: texts.length === parts.length ? texts.join('\n') : parts };
}

function contentPart(block: JsonObject): ContentPart {
  switch (block['type']) {
    case 'text':
      return { type: 'text', text: textIn(block['text'], 'messages') };
    case 'image':
      return { type: 'image_url', image_url: { url: imageUrl(block['source']) } };
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
  const text = blocks.filter(({ type }) => type === 'text').map(({ text }) => textIn(text, 'messages')).join('');
  const thinking = blocks.find(({ type }) => type === 'thinking');
  return {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(thinking && { thinking: String(thinking['thinking'] ?? ''), thinkingSignature: String(thinking['signature'] ?? '') }),
  };
}

function toolCall({ id, name, input = {} }: JsonObject): ToolCall {
  if (typeof id !== 'string' || typeof name !== 'string') throw badField('messages', 'A tool_use block must have an id and a name.');
  return { id, type: 'function', function: { name, arguments: JSON.stringify(input) } };
}

/** The provider's own tools, such as a web search, have no schema: they go on as they are. */
function readTools(tools: unknown): ToolDefinition[] {
  return blocksOf(tools, 'tools').map((tool) => {
    const { name, description, input_schema: parameters, strict } = tool;
    if (typeof name !== 'string') throw badField('tools', 'A tool must have a name.');
    if (!isRecord(parameters)) return tool as unknown as ToolDefinition;
    const described = { ...(typeof description === 'string' && { description }), ...(typeof strict === 'boolean' && { strict }) };
    return { type: 'function', function: { name, ...described, parameters } };
  });
}

function readToolChoice(choice: unknown): unknown {
  const { type, name } = isRecord(choice) ? choice : {};
  if (type === 'auto' || type === 'none') return type;
  if (type === 'any') return 'required';
  if (type === 'tool' && typeof name === 'string') return { type: 'function', function: { name } };
  throw badField('tool_choice', 'tool_choice must be of the type auto, any, none, or tool with a name.');
}

/** As OpenAI has it, so that every provider can be asked for it. What else the output is to be goes on as it is. */
function readFormat(output: unknown): JsonObject | undefined {
  const format = isRecord(output) ? output['format'] : undefined;
  if (!isRecord(format) || format['type'] !== 'json_schema') return undefined;
  return { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema: format['schema'] } };
}

function textIn(text: unknown, field: string): string {
  if (typeof text !== 'string') throw badField(field, 'A block of text must have a text.');
  return text;
}

function blocksOf(value: unknown, field: string): JsonObject[] {
  if (!Array.isArray(value) || !value.every(isRecord)) throw badField(field, `${field} must hold text or a list of content blocks.`);
  return value;
}
