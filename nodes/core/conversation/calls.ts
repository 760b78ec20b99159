/** What is common to all calls of tools. */
import type { ToolCall } from './message.ts';

/** The name of the tool, and what it is called with, as text. */
export function calledIn(call: ToolCall): { name: string; input: string } {
  return call.type === 'custom' ? call.custom : { name: call.function.name, input: call.function.arguments };
}
