/** A request to Anthropic's Messages API, as it comes from a client. Read in the API reference and the SDK's types, version 2026-10-21. */
import { assistantMessage } from '../../core/conversation/blocks.ts';
import { type Block, type Carried, carry, type ChatMessage, type ToolDefinition } from '../../core/conversation/message.ts';
import { isRecord, type JsonObject } from '../../core/json.ts';
import { badField, isGiven, readSettings, readStreamField, type FieldNames } from '../fields.ts';
import type { ClientRequest } from '../format.ts';
import { readBlock, readPart } from './content.ts';
import { effortOf, readChoice, readFormat } from './settings.ts';

/** What the API calls the settings that every API has. */
const settingNames: FieldNames = {
  model: 'model',
  max_tokens: 'maxTokens',
  temperature: 'temperature',
  top_p: 'topP',
  top_k: 'topK',
  stop_sequences: 'stop',
};

/** Read by their own rules. */
const elsewhere = ['messages', 'system', 'tools', 'tool_choice', 'stream', 'output_config', 'metadata', 'thread'];

/** @throws LlmError `invalid_request` that names what is wrong */
export function readRequest(body: JsonObject): ClientRequest {
  const { messages, system, max_tokens: maxTokens, tools, tool_choice: choice, output_config: output, metadata } = body;
  if (!Array.isArray(messages) || messages.length === 0) throw badField('messages', 'messages must be a list of at least one message.');
  if (!isGiven(maxTokens)) throw badField('max_tokens', 'max_tokens is missing.');
  const { settings, own } = readSettings(body, settingNames, elsewhere);
  const { format, ...rest } = objectIn(output, 'output_config');
  const { user_id: user, ...labels } = objectIn(metadata, 'metadata');
  const responseFormat = readFormat(format);
  const leftOver = { ...rest, ...(responseFormat === undefined && isGiven(format) && { format }) };
  const effort = effortOf({ ...own, output_config: rest });
  const given = readTools(tools);
  const chosen = readChoice(choice);
  const carried = carry('anthropic', { ...own, ...some('output_config', leftOver), ...some('metadata', labels) });
  return {
    prompt: [...readSystem(system), ...messages.flatMap(readMessage)],
    llm: {
      ...settings,
      ...(responseFormat && { responseFormat }),
      ...(effort !== undefined && { effort }),
      ...(typeof user === 'string' && { user }),
      ...(given.length > 0 && { tools: given, ...chosen }),
      ...carried,
    },
    stream: readStreamField(body),
    includeUsage: true,
  };
}

function some(name: string, fields: JsonObject): JsonObject {
  return Object.keys(fields).length > 0 ? { [name]: fields } : {};
}

function objectIn(value: unknown, field: string): JsonObject {
  if (!isGiven(value)) return {};
  if (!isRecord(value)) throw badField(field, `${field} must be an object.`);
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => isGiven(inner)));
}

function readSystem(system: unknown): ChatMessage[] {
  if (!isGiven(system) || system === '') return [];
  const content = typeof system === 'string' ? system : blocksIn(system, 'system').map(readText('system'));
  return content.length === 0 ? [] : [{ role: 'system', content }];
}

function readText(field: string) {
  return (block: JsonObject) => {
    if (block['type'] !== 'text' || typeof block['text'] !== 'string') throw badField(field, `${field} must hold blocks of text.`);
    return readPart(block);
  };
}

/** One message of this API may be several of ours: each tool's result is one. */
function readMessage(message: unknown, index: number, all: readonly unknown[]): ChatMessage[] {
  const { role, content, ...own } = isRecord(message) ? message : {};
  const at = `messages.${index}`;
  const carried = carry('anthropic', own);
  switch (role) {
    case 'system':
      // What begins the conversation would else be taken for the system prompt, which has a place of its own.
      return [{ role, content: typeof content === 'string' ? content : blocksIn(content, at).map(readText(at)), apart: true, ...carried }];
    case 'user':
      return readUser(content, at, carried, isRole(all[index - 1], 'user'));
    case 'assistant':
      if (typeof content === 'string') return [{ role, content, ...carried }];
      return [readAssistant(blocksIn(content, at).map(readAssistantBlock(at)), carried)];
    default:
      throw badField(at, `${at}.role must be user, assistant or system.`);
  }
}

function readAssistant(blocks: readonly Block[], carried: Carried): ChatMessage {
  const [only] = blocks;
  // One text in a list is no text alone.
  return blocks.length === 1 && only?.type === 'text' ? { role: 'assistant', content: [only], ...carried } : assistantMessage(blocks, carried);
}

function isRole(message: unknown, role: string): boolean {
  return isRecord(message) && message['role'] === role;
}

function readUser(content: unknown, at: string, carried: Carried, isApart: boolean): ChatMessage[] {
  const apart = isApart && { apart: true };
  if (typeof content === 'string') return [{ role: 'user', content, ...apart, ...carried }];
  const blocks = blocksIn(content, at);
  const results = blocks.filter(({ type }) => type === 'tool_result').map((block) => readResult(block, at));
  const parts = blocks.filter(({ type }) => type !== 'tool_result').map((block) => readPart(checked(block, at)));
  const [first, ...others] = results;
  const rest: ChatMessage[] = parts.length > 0 ? [...others, { role: 'user', content: parts, ...carried }] : others;
  if (first) return [{ ...first, ...apart }, ...rest];
  return parts.length > 0 ? [{ role: 'user', content: parts, ...apart, ...carried }] : [{ role: 'user', content: '', ...apart, ...carried }];
}

/** The result of a tool, with all that may stand in it. */
function readResult({ type: _type, tool_use_id: id, content, is_error: isError, ...own }: JsonObject, at: string): ChatMessage {
  if (typeof id !== 'string') throw badField(at, `${at} has a tool_result without a tool_use_id.`);
  return {
    role: 'tool',
    tool_call_id: id,
    content: !isGiven(content) ? '' : typeof content === 'string' ? content : blocksIn(content, at).map((block) => readPart(checked(block, at))),
    ...(typeof isError === 'boolean' && { is_error: isError }),
    ...carry('anthropic', own),
  };
}

function readAssistantBlock(at: string) {
  return (block: JsonObject) => {
    if (block['type'] === 'tool_use' && (typeof block['id'] !== 'string' || typeof block['name'] !== 'string')) {
      throw badField(at, `${at} has a tool_use without an id or a name.`);
    }
    return readBlock(checked(block, at));
  };
}

/** What each kind of block must have for anybody to read it. */
function checked(block: JsonObject, at: string): JsonObject {
  const { type, text, source } = block;
  if (typeof type !== 'string') throw badField(at, `${at} has a content block without a type.`);
  if (type === 'text' && typeof text !== 'string') throw badField(at, `${at} has a block of text without its text.`);
  if ((type === 'image' || type === 'document') && !isRecord(source)) throw badField(at, `${at} has a block of type ${type} without a source.`);
  const { url } = isRecord(source) ? source : {};
  if (typeof url === 'string' && !/^(https?|data):/i.test(url)) throw badField(at, `${at} has an address that is not http(s) or data.`);
  return block;
}

function readTools(tools: unknown): ToolDefinition[] {
  if (!isGiven(tools)) return [];
  return blocksIn(tools, 'tools').map((tool) => {
    const { name, description, input_schema: parameters, strict, ...own } = tool;
    const isCustom = !isGiven(own['type']) || own['type'] === 'custom';
    if (!isCustom) return { type: 'own', dialect: 'anthropic', tool };
    if (typeof name !== 'string') throw badField('tools', 'A tool must have a name.');
    if (!isRecord(parameters)) throw badField('tools', `The tool ${name.slice(0, 64)} must have an input_schema.`);
    const described = { ...(typeof description === 'string' && { description }), ...(typeof strict === 'boolean' && { strict }) };
    return { type: 'function', function: { name, ...described, parameters }, ...carry('anthropic', own) };
  });
}

function blocksIn(value: unknown, field: string): JsonObject[] {
  if (!Array.isArray(value) || !value.every(isRecord)) throw badField(field, `${field} must hold text or a list of content blocks.`);
  return value;
}
