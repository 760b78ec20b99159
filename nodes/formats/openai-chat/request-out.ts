/** A request as `/chat/completions` wants it, at OpenAI and at the servers that speak its format. */
import { parseJson } from '../../core/answer-bound.ts';
import { blocksOf } from '../../core/conversation/blocks.ts';
import {
  type Block,
  carriedFor,
  type ChatMessage,
  type ContentPart,
  dialects,
  type ImagePart,
  type ToolCall,
  type ToolDefinition,
} from '../../core/conversation/message.ts';
import { textOfPart } from '../../core/conversation/text.ts';
import { type ToolIds, withLegalIds } from '../../core/conversation/tool-ids.ts';
import { resultsBehindCalls } from '../../core/conversation/tool-order.ts';
import { LlmError } from '../../core/errors.ts';
import { isRecord, type JsonObject } from '../../core/json.ts';
import type { CompletionRequest } from '../../core/request.ts';
import { type OpenAiManner, streamed, writeOpenAiSettings } from '../openai/settings.ts';

/** What tells one server that speaks this format from another. */
export interface ChatManner extends OpenAiManner {
  /** The name by which it takes back what its model thought: some refuse it, some refuse a tool's result without it. */
  readonly thinkingField?: 'reasoning_content' | 'reasoning' | undefined;
  /** Only in turns that call tools. */
  readonly thinkingWithCallsAlone?: boolean | undefined;
  /** Whether it knows the role of a developer, tools whose input is free text, and text in several parts where it is not a user's. */
  readonly isOpenAi?: boolean | undefined;
  /** Which ids of tool calls it takes; any, where it does not say. */
  readonly toolIds?: ToolIds | undefined;
}

/** The body, streamed. @throws LlmError `not_found` where a tool is required that this server does not run */
export function writeRequest(request: CompletionRequest, manner: ChatManner = {}): JsonObject {
  const { effort, parallelTools } = request;
  const { tools, isLegacy } = writeTools(request.tools, manner);
  const choice = writeChoice(request, tools);
  const body = {
    ...writeOpenAiSettings(request, manner),
    messages: writeConversation(request.messages, manner),
    reasoning_effort: effort,
    ...(tools.length > 0 && (isLegacy ? { functions: tools, function_call: legacyChoice(choice) } : { tools, tool_choice: choice, parallel_tool_calls: parallelTools })),
  };
  return streamed(body, request, manner);
}

export function writeConversation(messages: readonly ChatMessage[], manner: ChatManner): JsonObject[] {
  const ordered = withLegalIds(resultsBehindCalls(messages), manner.toolIds ?? anyIds);
  const written: JsonObject[] = [];
  /** Images in the results of tools: they follow all of them, in a turn of the user. */
  let seen: ImagePart[] = [];
  for (const message of ordered) {
    if (message.role !== 'tool' && seen.length > 0) {
      written.push(shown(seen));
      seen = [];
    }
    written.push(...writeMessage(message, manner));
    if (message.role === 'tool' && Array.isArray(message.content)) seen.push(...message.content.filter((part) => part.type === 'image_url'));
  }
  if (seen.length > 0) written.push(shown(seen));
  return written;
}

const anyIds: ToolIds = {
  isLegal: (id) => id !== '',
  make: (id, attempt) => `${id || 'call'}_${attempt}`,
};

function shown(images: readonly ImagePart[]): JsonObject {
  return { role: 'user', content: [{ type: 'text', text: 'What the tool has shown:' }, ...images.flatMap(writePart)] };
}

function writeMessage(message: ChatMessage, manner: ChatManner): JsonObject[] {
  const { role, name } = message;
  const own = ownFields(message);
  const named = name !== undefined && { name };
  switch (role) {
    case 'system':
    case 'developer':
      return [{ ...own, role: manner.isOpenAi ? role : 'system', content: manner.isOpenAi ? writeContent(message.content) : joined(message.content, '\n\n'), ...named }];
    case 'user':
      return [{ ...own, role, content: writeContent(message.content), ...named }];
    case 'assistant':
      return [{ ...own, role, ...writeTurn(message, manner), ...named }];
    case 'tool': {
      const { legacy, ...fields } = own;
      const content = writeResult(message, manner);
      if (legacy === true) return [{ ...fields, role: 'function', ...named, content }];
      return [{ ...fields, role, tool_call_id: message.tool_call_id, content, ...named }];
    }
    default:
      return role satisfies never;
  }
}

/** What stands on a message for everybody, and is not for a provider. */
const oursAlone: readonly string[] = ['role', 'content', 'name', 'tool_calls', 'tool_call_id', 'refusal', 'is_error', 'thinking', 'thinkingSignature', 'blocks', 'apart', ...dialects];

/** What a client of this API, or a flow, has put on a message beside what every API knows. */
function ownFields(message: ChatMessage): JsonObject {
  const extra = Object.entries(message).filter(([name]) => !oursAlone.includes(name));
  return { ...Object.fromEntries(extra), ...message.openai };
}

function writeTurn(message: ChatMessage, manner: ChatManner): JsonObject {
  const blocks = blocksOf(message);
  const calls = blocks.flatMap((block) => (block.type === 'call' ? [block.call] : []));
  const refusal = blocks.map((block) => (block.type === 'refusal' && !isPartOf(message.content, block) ? block.refusal : '')).join('');
  const legacy = calls.find(({ openai }) => openai?.['legacy'] === true);
  return {
    content: spokenContent(message, blocks, calls.length > 0 || refusal !== ''),
    ...(refusal !== '' && { refusal }),
    ...thinkingOf(blocks, calls.length > 0, manner),
    ...(legacy?.type === 'function'
      ? { function_call: legacy.function }
      : calls.length > 0 && { tool_calls: calls.map((call) => writeCall(call, manner)) }),
  };
}

/** A refusal that is a part of the content stays there. */
function isPartOf(content: ChatMessage['content'], block: Block): boolean {
  return Array.isArray(content) && content.some((part) => (part as Block) === block);
}

function spokenContent(message: ChatMessage, blocks: readonly Block[], mayBeSilent: boolean): unknown {
  if (Array.isArray(message.content) && !message.blocks) return message.content.flatMap(writePart);
  const text = blocks.map((block) => (block.type === 'text' ? block.text : block.type === 'own' ? (block.text ?? '') : '')).join('');
  return text === '' && mayBeSilent ? null : text;
}

function thinkingOf(blocks: readonly Block[], hasCalls: boolean, { thinkingField, thinkingWithCallsAlone = false }: ChatManner): JsonObject {
  if (thinkingField === undefined || (thinkingWithCallsAlone && !hasCalls)) return {};
  const thinking = blocks.map((block) => (block.type === 'thinking' ? block.thinking : '')).join('');
  return thinking === '' ? {} : { [thinkingField]: thinking };
}

function writeCall(call: ToolCall, { isOpenAi = false }: ChatManner): JsonObject {
  const own = carriedFor(call, 'openai');
  if (call.type === 'function') return { ...own, id: call.id, type: 'function', function: { ...call.function, arguments: sound(call.function.arguments) } };
  if (isOpenAi) return { ...own, id: call.id, type: 'custom', custom: call.custom };
  return { ...own, id: call.id, type: 'function', function: { name: call.custom.name, arguments: JSON.stringify({ [customInput]: call.custom.input }) } };
}

/** The one parameter of a tool whose input is free text, where a server knows only tools with parameters. */
export const customInput = 'content';

/** Arguments that are no JSON would fail each later request of the conversation: llama-server answers 500 to them. */
function sound(text: string): string {
  if (text.trim() === '') return '{}';
  return typeof parseJson(text) === 'string' && !text.trimStart().startsWith('"') ? JSON.stringify({ arguments: text }) : text;
}

function writeContent(content: ChatMessage['content']): unknown {
  return Array.isArray(content) ? content.flatMap(writePart) : content;
}

function writePart(part: ContentPart): JsonObject[] {
  const own = part.type === 'own' ? {} : carriedFor(part, 'openai');
  switch (part.type) {
    case 'text':
      return [{ ...own, type: 'text', text: part.text }];
    case 'refusal':
      return [{ ...own, type: 'refusal', refusal: part.refusal }];
    case 'image_url':
      return [{ ...own, type: 'image_url', image_url: part.image_url }];
    case 'file':
      return [{ ...own, type: 'file', file: part.file }];
    case 'input_audio':
      return [{ ...own, type: 'input_audio', input_audio: part.input_audio }];
    case 'own':
      if (part.dialect === 'openai') return [part.block];
      return part.text === undefined ? [] : [{ type: 'text', text: part.text }];
    default:
      return part satisfies never;
  }
}

function joined(content: ChatMessage['content'], between: string): string {
  if (typeof content === 'string') return content;
  return (content ?? []).map(textOfPart).filter((text) => text !== '').join(between);
}

/** Text alone; the API has no word for a tool that failed. */
function writeResult(message: ChatMessage, { isOpenAi = false }: ChatManner): unknown {
  const { content, is_error: isError } = message;
  const failed = isError ? 'The tool failed: ' : '';
  const isText = Array.isArray(content) && content.every(({ type }) => type === 'text');
  if (isOpenAi && isText && !isError) return content.flatMap(writePart);
  return failed + joined(content, '\n');
}

function writeTools(tools: readonly ToolDefinition[] = [], { isOpenAi = false }: ChatManner): { tools: JsonObject[]; isLegacy: boolean } {
  const isLegacy = tools.length > 0 && tools.every((tool) => tool.type === 'function' && tool.openai?.['legacy'] === true);
  const written = tools.flatMap((tool): JsonObject[] => {
    switch (tool.type) {
      case 'own':
        return tool.dialect === 'openai' ? [tool.tool] : [];
      case 'function': {
        const { function: more, legacy: _legacy, ...own } = carriedFor(tool, 'openai');
        const called = { ...(isRecord(more) ? more : {}), ...tool.function };
        return [isLegacy ? called : { ...own, type: 'function', function: called }];
      }
      case 'custom':
        return [isOpenAi ? { ...carriedFor(tool, 'openai'), type: 'custom', custom: tool.custom } : asFunction(tool.custom)];
      default:
        return tool satisfies never;
    }
  });
  return { tools: written, isLegacy };
}

function asFunction({ name, description }: { name: string; description?: string }): JsonObject {
  const parameters = { type: 'object', properties: { [customInput]: { type: 'string' } }, required: [customInput], additionalProperties: false };
  return { type: 'function', function: { name, ...(description !== undefined && { description }), parameters } };
}

/** @throws LlmError `not_found` where what is left out is required */
function writeChoice({ toolChoice, tools = [] }: CompletionRequest, written: readonly JsonObject[]): unknown {
  const named = isRecord(toolChoice) && isRecord(toolChoice['function']) ? toolChoice['function']['name'] : undefined;
  const missing = tools.find((tool) => tool.type === 'own' && tool.dialect !== 'openai' && tool.tool['name'] === named);
  if (named !== undefined && missing) {
    throw new LlmError('not_found', `The tool ${String(named).slice(0, 64)} is run by another provider.`, { hint: 'Ask for it there, or let the model choose.' });
  }
  return written.length > 0 ? toolChoice : undefined;
}

function legacyChoice(choice: unknown): unknown {
  return isRecord(choice) && isRecord(choice['function']) ? choice['function'] : choice;
}
