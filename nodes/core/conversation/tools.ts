/** Tools as flows write them, in whichever API's form. */
import { LlmError } from '../errors.ts';
import { isRecord, type JsonObject } from '../json.ts';
import { carry, type Dialect, type ToolDefinition } from './message.ts';

/** @throws LlmError `invalid_request` that names what is wrong */
export function readTools(tools: unknown, source = 'msg.llm.tools'): ToolDefinition[] {
  if (!Array.isArray(tools)) throw new LlmError('invalid_request', `${source} must be an array of tools.`);
  return tools.map((tool: unknown, index) => readTool(tool, `${source}[${index}]`));
}

function readTool(tool: unknown, at: string): ToolDefinition {
  if (!isRecord(tool)) throw new LlmError('invalid_request', `${at} is no tool.`, { hint: 'It is {"type": "function", "function": {"name": "…"}}.' });
  if (isNamed(tool['function']) || isNamed(tool['custom']) || tool['type'] === 'own') return tool as unknown as ToolDefinition;
  const { name, description, input_schema: parameters, ...own } = tool;
  if (typeof name === 'string' && isRecord(parameters)) {
    return { type: 'function', function: { name, ...(typeof description === 'string' && { description }), parameters }, ...carry('anthropic', own) };
  }
  return { type: 'own', dialect: dialectOf(tool), tool };
}

function isNamed(value: unknown): boolean {
  return isRecord(value) && typeof value['name'] === 'string';
}

/** Anthropic's tools have the day of their version in their type. */
function dialectOf({ type }: JsonObject): Dialect {
  return typeof type === 'string' && /_(\d{8}|toolset)$/.test(type) ? 'anthropic' : 'openai';
}
