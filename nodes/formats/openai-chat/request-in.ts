/** A request to OpenAI's `/chat/completions`, as it comes from a client. Read in the API reference and the SDK's types. */
import { type AudioPart, carry, type ChatMessage, type ContentPart, type ImagePart, type ToolCall, type ToolDefinition } from '../../core/conversation/message.ts';
import { isRecord, type JsonObject } from '../../core/json.ts';
import { efforts, type RequestSettings } from '../../core/request.ts';
import { badField, isGiven } from '../fields.ts';
import type { ClientRequest } from '../format.ts';
import { readOpenAiSettings, readStream } from '../openai/settings.ts';
import { legacyId } from './legacy.ts';

/** Read by their own rules. */
const elsewhere = ['messages', 'tools', 'functions', 'tool_choice', 'function_call', 'parallel_tool_calls', 'reasoning_effort'];

/** @throws LlmError `invalid_request` that names what is wrong */
export function readRequest(body: JsonObject): ClientRequest {
  const { messages } = body;
  if (!Array.isArray(messages) || messages.length === 0) throw badField('messages', 'messages must be a list of at least one message.');
  const tools = [...listIn(body, 'tools').map(readTool), ...listIn(body, 'functions').map(readFunction)];
  const chosen = readChoice(body);
  return {
    prompt: messages.map(readMessage),
    llm: { ...readOpenAiSettings(body, elsewhere), ...readEffort(body), ...(tools.length > 0 && { tools, ...chosen }) },
    ...readStream(body),
  };
}

function readEffort({ reasoning_effort: effort }: JsonObject): RequestSettings {
  if (!isGiven(effort)) return {};
  const known = efforts.find((one) => one === effort);
  if (known === undefined) throw badField('reasoning_effort', `reasoning_effort must be one of ${efforts.join(', ')}.`);
  return { effort: known };
}

function readChoice({ tool_choice: choice, function_call: legacy, parallel_tool_calls: parallel }: JsonObject): RequestSettings {
  if (isGiven(parallel) && typeof parallel !== 'boolean') throw badField('parallel_tool_calls', 'parallel_tool_calls must be true or false.');
  const chosen = isGiven(choice) ? choice : isRecord(legacy) ? { type: 'function', function: legacy } : legacy;
  if (isGiven(chosen) && !isRecord(chosen) && !['auto', 'none', 'required'].some((word) => word === chosen)) {
    throw badField('tool_choice', 'tool_choice must be auto, none, required, or name a tool.');
  }
  return { ...(isGiven(chosen) && { toolChoice: chosen }), ...(typeof parallel === 'boolean' && { parallelTools: parallel }) };
}

function readTool(tool: unknown, index: number): ToolDefinition {
  const at = `tools[${index}]`;
  if (!isRecord(tool)) throw badField(at, `${at} must be a tool.`);
  const { type, function: called, custom, ...own } = tool;
  if (type === 'function' || (!isGiven(type) && isRecord(called))) {
    if (!isRecord(called) || typeof called['name'] !== 'string') throw badField(at, `${at}.function must have a name.`);
    const { name, description, parameters, strict, ...more } = called;
    if (isGiven(parameters) && !isRecord(parameters)) throw badField(at, `${at}.function.parameters must be a JSON schema.`);
    return {
      type: 'function',
      function: {
        name,
        ...(typeof description === 'string' && { description }),
        ...(isRecord(parameters) && { parameters }),
        ...(typeof strict === 'boolean' && { strict }),
      },
      ...carry('openai', { ...own, ...(Object.keys(more).length > 0 && { function: more }) }),
    };
  }
  if (type === 'custom') {
    if (!isRecord(custom) || typeof custom['name'] !== 'string') throw badField(at, `${at}.custom must have a name.`);
    return { type: 'custom', custom: custom as { name: string }, ...carry('openai', own) };
  }
  if (typeof type !== 'string') throw badField(at, `${at}.type must be function or custom.`);
  return { type: 'own', dialect: 'openai', tool };
}

/** The older form of a tool. */
function readFunction(called: unknown, index: number): ToolDefinition {
  const tool = readTool({ type: 'function', function: called }, index);
  return { ...tool, openai: { legacy: true } } as ToolDefinition;
}

function readMessage(message: unknown, index: number): ChatMessage {
  const at = `messages[${index}]`;
  if (!isRecord(message)) throw badField(at, `${at} must be a message.`);
  const { role, content, name, ...fields } = message;
  const named = typeof name === 'string' && { name };
  switch (role) {
    case 'system':
    case 'developer':
    case 'user':
      if (!isGiven(content)) throw badField(at, `${at}.content is missing.`);
      return { role, content: readContent(content, at), ...named, ...carry('openai', given(fields)) };
    case 'assistant':
      return readAssistant(content, fields, at, named);
    case 'tool': {
      const { tool_call_id: id, ...own } = fields;
      if (typeof id !== 'string') throw badField(at, `${at} answers a tool call: give its tool_call_id.`);
      return { role, tool_call_id: id, content: isGiven(content) ? readContent(content, at) : '', ...named, ...carry('openai', given(own)) };
    }
    case 'function':
      if (typeof name !== 'string') throw badField(at, `${at} answers a function: give its name.`);
      return { role: 'tool', tool_call_id: legacyId(name), content: isGiven(content) ? readContent(content, at) : '', name, openai: { ...given(fields), legacy: true } };
    default:
      throw badField(at, `${at}.role is not a known role.`);
  }
}

function readAssistant(content: unknown, fields: JsonObject, at: string, named: false | { name: string }): ChatMessage {
  const { tool_calls: calls, function_call: legacy, refusal, reasoning_content: reasoned, reasoning, ...own } = fields;
  const called = [...(isGiven(calls) ? listIn({ calls }, 'calls').map((call, index) => readCall(call, `${at}.tool_calls[${index}]`)) : []), ...readLegacyCall(legacy, at)];
  // Servers with models that think give it one of two names; clients bring it back under the one that they know.
  const thinking = [reasoned, reasoning].find((text) => typeof text === 'string' && text !== '') as string | undefined;
  const isRefusing = typeof refusal === 'string' && refusal !== '';
  if (!isGiven(content) && called.length === 0 && !isRefusing && !isRecord(own['audio'])) throw badField(at, `${at}.content is missing.`);
  return {
    role: 'assistant',
    content: isGiven(content) ? readContent(content, at) : own['audio'] === undefined ? null : '',
    ...named,
    ...(called.length > 0 && { tool_calls: called }),
    ...(isRefusing && { refusal }),
    ...(thinking !== undefined && { thinking }),
    ...carry('openai', given(own)),
  };
}

function readCall(call: unknown, at: string): ToolCall {
  if (!isRecord(call)) throw badField(at, `${at} must be a tool call.`);
  const { id, type: _type, function: called, custom, index: _index, ...own } = call;
  if (isRecord(custom) && typeof custom['name'] === 'string') {
    return { id: String(id ?? ''), type: 'custom', custom: { name: custom['name'], input: String(custom['input'] ?? '') }, ...carry('openai', given(own)) };
  }
  if (!isRecord(called) || typeof called['name'] !== 'string') throw badField(at, `${at} must have a function with a name.`);
  const { name, arguments: text } = called;
  return { id: String(id ?? ''), type: 'function', function: { name, arguments: argumentsOf(text) }, ...carry('openai', given(own)) };
}

/** Text as the API has it; some clients send what it says. */
export function argumentsOf(text: unknown): string {
  return typeof text === 'string' ? text : isGiven(text) ? JSON.stringify(text) : '';
}

function readLegacyCall(call: unknown, at: string): ToolCall[] {
  if (!isGiven(call)) return [];
  if (!isRecord(call) || typeof call['name'] !== 'string') throw badField(at, `${at}.function_call must have a name.`);
  const { name, arguments: text } = call;
  return [{ id: legacyId(name), type: 'function', function: { name, arguments: argumentsOf(text) }, openai: { legacy: true } }];
}

function readContent(content: unknown, at: string): string | ContentPart[] {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) throw badField(at, `${at}.content must be text or a list of parts.`);
  return content.map((part: unknown, index) => readPart(part, `${at}.content[${index}]`));
}

function readPart(part: unknown, at: string): ContentPart {
  if (!isRecord(part) || typeof part['type'] !== 'string') throw badField(at, `${at}.type must be a string.`);
  const { type, text, refusal, image_url: image, file, input_audio: audio, ...own } = part;
  const carried = carry('openai', given(own));
  switch (type) {
    case 'text':
      if (typeof text !== 'string') throw badField(at, `${at}.text must be a string.`);
      return { type, text, ...carried };
    case 'refusal':
      return { type, refusal: String(refusal ?? ''), ...carried };
    case 'image_url': {
      const given = typeof image === 'string' ? { url: image } : image;
      if (!isRecord(given) || typeof given['url'] !== 'string') throw badField(at, `${at}.image_url must have a url.`);
      checkAddress(given['url'], `${at}.image_url.url`);
      return { type, image_url: given as ImagePart['image_url'], ...carried };
    }
    case 'file': {
      if (!isRecord(file) || !['file_data', 'file_id', 'file_url'].some((name) => typeof file[name] === 'string')) throw badField(at, `${at}.file must have file_data or file_id.`);
      if (typeof file['file_url'] === 'string') checkAddress(file['file_url'], `${at}.file.file_url`);
      return { type, file, ...carried };
    }
    case 'input_audio':
      if (!isRecord(audio) || typeof audio['data'] !== 'string' || typeof audio['format'] !== 'string') throw badField(at, `${at}.input_audio must have data and a format.`);
      return { type, input_audio: audio as AudioPart['input_audio'], ...carried };
    default:
      return { type: 'own', dialect: 'openai', block: part };
  }
}

/** A provider follows it: it may lead to the web, or be the thing itself. */
function checkAddress(url: string, at: string): void {
  if (!/^(https?:\/\/|data:)/i.test(url)) throw badField(at, `${at} must be an http(s) address or a data: URL.`);
}

function listIn(body: JsonObject, field: string): unknown[] {
  const list = body[field];
  if (!isGiven(list)) return [];
  if (!Array.isArray(list)) throw badField(field, `${field} must be a list.`);
  return list;
}

function given(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => isGiven(value)));
}
