/** A request as Anthropic's Messages API wants it. */
import { createHash } from 'node:crypto';
import { blocksOf } from '../../core/conversation/blocks.ts';
import { carriedFor, type ChatMessage, type ToolDefinition } from '../../core/conversation/message.ts';
import { type ToolIds, withLegalIds } from '../../core/conversation/tool-ids.ts';
import { resultsBehindCalls } from '../../core/conversation/tool-order.ts';
import { isRecord, type JsonObject } from '../../core/json.ts';
import type { CompletionRequest } from '../../core/request.ts';
import { customInput, writeBlocks, writeParts } from './content.ts';
import { effortOf, wantsAnyJson, writeChoice, writeEffort, writeFormat } from './settings.ts';

export interface WriteOptions {
  /** The API wants a limit with each request. */
  readonly maxTokens: number;
  /** What the node itself says of thinking; it goes before what a client asks for. */
  readonly thinking?: JsonObject | undefined;
}

/**
 * The body, streamed. A client's own fields of this API stand where they stood; those that the node sets (`extra`) win over all but the stream.
 * @throws LlmError `invalid_request` for what the API has no form for
 */
export function writeRequest(request: CompletionRequest, { maxTokens, thinking }: WriteOptions): JsonObject {
  const { model, temperature, topP, topK, stop, tools, toolChoice, parallelTools, responseFormat, user, extra } = request;
  const { output_config: ownOutput, metadata, ...own } = carriedFor(request, 'anthropic');
  const { system, messages } = writeConversation(request.messages);
  const given = writeTools(tools, toolChoice);
  const { output_config: effort, ...thinkingOff } = writeEffort(changedEffort(request));
  const format = writeFormat(responseFormat);
  const output = { ...asObject(ownOutput), ...asObject(effort), ...(format && { format }) };
  return {
    ...own,
    ...thinkingOff,
    model: model || undefined,
    max_tokens: request.maxTokens ?? maxTokens,
    system: wantsAnyJson(responseFormat) ? withJsonRequest(system) : system,
    messages,
    stop_sequences: stop,
    temperature,
    top_p: topP,
    top_k: topK,
    ...(given.length > 0 && { tools: given, tool_choice: writeChoice(toolChoice, parallelTools) }),
    ...(Object.keys(output).length > 0 && { output_config: output }),
    ...((user !== undefined || metadata !== undefined) && { metadata: { ...asObject(metadata), user_id: user } }),
    ...(thinking && { thinking }),
    ...extra,
    stream: true,
  };
}

/** What a flow has made of the effort that a client of this API asked for; undefined where it is as it came. */
function changedEffort(request: CompletionRequest): CompletionRequest['effort'] {
  return request.effort === effortOf(carriedFor(request, 'anthropic')) ? undefined : request.effort;
}

function asObject(value: unknown): JsonObject {
  return isRecord(value) ? value : {};
}

/** What a schema does elsewhere; whether the answer is JSON is checked when it is there. */
const jsonRequest = 'Answer with one JSON object and nothing else: no words before or after it, no code fence.';

function withJsonRequest(system: string | JsonObject[] | undefined): string | JsonObject[] {
  if (system === undefined) return jsonRequest;
  return typeof system === 'string' ? `${system}\n\n${jsonRequest}` : [...system, { type: 'text', text: jsonRequest }];
}

interface Written {
  readonly system: string | JsonObject[] | undefined;
  readonly messages: JsonObject[];
}

/** @throws LlmError `invalid_request` for what the API has no form for */
export function writeConversation(given: readonly ChatMessage[]): Written {
  const all = withLegalIds(resultsBehindCalls(given), toolIds);
  const begin = all.findIndex(({ role, apart }) => !isSystem(role) || apart === true);
  const leading = begin === -1 ? all : all.slice(0, begin);
  const rest = begin === -1 ? [] : all.slice(begin);
  const messages: JsonObject[] = [];
  /** The content of the turn that brings results of tools; a question that follows them belongs into it. */
  let results: JsonObject[] | undefined;
  for (const message of rest) {
    const isApart = message.apart === true;
    if (message.role === 'tool') {
      if (!results || isApart) messages.push({ role: 'user', content: (results = []) });
      results.push(writeResult(message));
      continue;
    }
    if (message.role === 'user' && results && !isApart) results.push(...writeParts(message.content));
    else messages.push(...writeTurn(message));
    results = undefined;
  }
  return { system: writeSystem(leading), messages };
}

function isSystem(role: ChatMessage['role']): boolean {
  return role === 'system' || role === 'developer';
}

/** Several system prompts become one. */
function writeSystem(messages: readonly ChatMessage[]): Written['system'] {
  if (messages.every(({ content }) => typeof content === 'string')) {
    return messages.map(({ content }) => content).filter(Boolean).join('\n\n') || undefined;
  }
  const blocks = messages.flatMap(({ content }) => writeParts(content));
  return blocks.length > 0 ? blocks : undefined;
}

function writeTurn(message: ChatMessage): JsonObject[] {
  const own = carriedFor(message, 'anthropic');
  const role = isSystem(message.role) ? 'system' : message.role;
  const isPlain = typeof message.content === 'string' && !message.blocks && !message.tool_calls?.length && !message.thinkingSignature;
  if (isPlain && typeof message.content === 'string') return message.content.trim() === '' ? [] : [{ ...own, role, content: message.content }];
  const content = role === 'assistant' ? writeBlocks(blocksOf(message)) : writeParts(message.content);
  return content.length > 0 ? [{ ...own, role, content }] : [];
}

function writeResult(message: ChatMessage): JsonObject {
  const { tool_call_id: id, content, is_error: isError } = message;
  const written = typeof content === 'string' ? content : writeParts(content);
  return {
    ...carriedFor(message, 'anthropic'),
    type: 'tool_result',
    tool_use_id: id,
    ...(written.length > 0 && { content: written }),
    ...(isError !== undefined && { is_error: isError }),
  };
}

const toolIds: ToolIds = {
  isLegal: (id) => /^[\w-]{1,256}$/.test(id),
  make: (id, attempt) => `${id.slice(0, 64).replace(/[^\w-]/g, '_')}_${createHash('sha256').update(`${attempt} ${id}`).digest('hex').slice(0, 8)}`,
};

/** Tools in this API's form. What another provider runs is left out; so is what a choice of some tools leaves out. */
export function writeTools(tools: readonly ToolDefinition[] = [], choice?: unknown): JsonObject[] {
  const allowed = allowedNames(choice);
  return tools.flatMap((tool): JsonObject[] => {
    switch (tool.type) {
      case 'own':
        return tool.dialect === 'anthropic' ? [tool.tool] : [];
      case 'function': {
        const { name, description, parameters, strict } = tool.function;
        if (allowed && !allowed.has(name)) return [];
        const fields = { name, ...(description !== undefined && { description }), ...(strict !== undefined && { strict }) };
        return [{ ...carriedFor(tool, 'anthropic'), ...fields, input_schema: parameters ?? { type: 'object', properties: {} } }];
      }
      case 'custom': {
        const { name, description } = tool.custom;
        if (allowed && !allowed.has(name)) return [];
        const schema = { type: 'object', properties: { [customInput]: { type: 'string' } }, required: [customInput] };
        return [{ ...carriedFor(tool, 'anthropic'), name, ...(description !== undefined && { description }), input_schema: schema }];
      }
      default:
        return tool satisfies never;
    }
  });
}

function allowedNames(choice: unknown): ReadonlySet<unknown> | undefined {
  const { type, allowed_tools: allowed } = isRecord(choice) ? choice : {};
  if (type !== 'allowed_tools' || !isRecord(allowed) || !Array.isArray(allowed['tools'])) return undefined;
  return new Set(allowed['tools'].map((tool: unknown) => (isRecord(tool) && isRecord(tool['function']) ? tool['function']['name'] : undefined)));
}
