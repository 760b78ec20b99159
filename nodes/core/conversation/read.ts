/** Reading the conversation that stands in a message's payload. */
import { LlmError } from '../errors.ts';
import { isRecord, type JsonObject } from '../json.ts';
import { type ChatMessage, type ContentPart, dialects, roles, type Role } from './message.ts';

/**
 * The conversation in a message's payload: a string is one user message, an array holds chat messages.
 * Returns a new array; the messages in it are the caller's own and are not changed. `source` is where they come from, for what is said of them.
 * @throws LlmError `invalid_request` that names the first thing wrong.
 */
export function readMessages(payload: unknown, source = 'msg.payload'): ChatMessage[] {
  if (typeof payload === 'string') {
    if (payload.trim() === '') throw invalid('The prompt is empty.', `Put a question into ${source}.`);
    return [{ role: 'user', content: payload }];
  }
  if (!Array.isArray(payload)) {
    throw invalid(
      `${source} is ${describe(payload)}, not a prompt.`,
      'Send a string, or an array of messages like {"role": "user", "content": "…"}.',
    );
  }
  if (payload.length === 0) throw invalid('The list of messages is empty.', `Put at least one message into ${source}.`);
  const messages: unknown[] = [...(payload as unknown[])];
  messages.forEach((message, index) => checkMessage(message, `${source}[${index}]`));
  return messages as ChatMessage[];
}

function checkMessage(message: unknown, at: string): void {
  if (!isRecord(message)) throw invalid(`${at} is ${describe(message)}, not a message.`, 'A message is {"role": "user", "content": "…"}.');
  const { role, content, tool_calls: calls, tool_call_id: callId, refusal, blocks } = message;
  if (!roles.includes(role as Role)) throw invalid(`${at}.role is not a known role.`, `Use one of ${roles.join(', ')}.`);
  if (isGiven(calls)) checkCalls(calls, `${at}.tool_calls`);
  if (role === 'tool' && typeof callId !== 'string') throw invalid(`${at} answers a tool call: give its tool_call_id.`);
  checkCarried(message, at);
  if (isGiven(blocks)) checkList(blocks, `${at}.blocks`, checkBlock);
  if (isGiven(content)) return checkContent(content, `${at}.content`);
  const isSaid = role === 'assistant' && (hasItems(calls) || hasItems(blocks) || (typeof refusal === 'string' && refusal !== ''));
  if (!isSaid) throw invalid(`${at}.content is missing.`);
}

function checkContent(content: unknown, at: string): void {
  if (typeof content === 'string') return;
  if (!Array.isArray(content)) throw invalid(`${at} is ${describe(content)}.`, 'Use a string or an array of content parts.');
  checkList(content, at, checkPart);
}

function checkCalls(calls: unknown, at: string): void {
  checkList(calls, at, (call, callAt) => {
    if (!isCall(call)) {
      throw invalid(`${callAt} is no tool call.`, 'It is {"id": "…", "type": "function", "function": {"name": "…", "arguments": "{…}"}}.');
    }
    checkCarried(call as JsonObject, callAt);
  });
}

function isCall(call: unknown): boolean {
  const { function: called, custom } = isRecord(call) ? call : {};
  if (isRecord(called)) return typeof called['name'] === 'string' && typeof called['arguments'] === 'string';
  return isRecord(custom) && typeof custom['name'] === 'string' && typeof custom['input'] === 'string';
}

/** What must be a text in each kind of content. */
const texts: { readonly [Type in ContentPart['type']]: (part: JsonObject) => boolean } = {
  text: ({ text }) => typeof text === 'string',
  image_url: ({ image_url: image }) => isRecord(image) && typeof image['url'] === 'string',
  file: ({ file }) => isRecord(file) && ['file_data', 'file_url', 'file_id'].some((name) => typeof file[name] === 'string'),
  input_audio: ({ input_audio: audio }) => isRecord(audio) && typeof audio['data'] === 'string' && typeof audio['format'] === 'string',
  refusal: ({ refusal }) => typeof refusal === 'string',
  own: ({ dialect, block }) => dialects.some((known) => known === dialect) && isRecord(block),
};

const missing: { readonly [Type in ContentPart['type']]: string } = {
  text: '.text must be a string.',
  image_url: '.image_url.url must be a string.',
  file: '.file must have file_data, file_url or file_id.',
  input_audio: '.input_audio must have data and a format.',
  refusal: '.refusal must be a string.',
  own: ' must name its dialect and hold a block.',
};

function checkPart(part: unknown, at: string): void {
  const type = isRecord(part) ? part['type'] : undefined;
  if (!isRecord(part) || typeof type !== 'string' || !Object.hasOwn(texts, type)) {
    throw invalid(`${at}.type is not a known kind of content.`, 'Use text, image_url, file or input_audio.');
  }
  const known = type as ContentPart['type'];
  if (!texts[known](part)) throw invalid(at + missing[known]);
  checkCarried(part, at);
}

function checkBlock(block: unknown, at: string): void {
  const { type, call, thinking } = isRecord(block) ? block : {};
  if (type === 'call') {
    if (!isCall(call)) throw invalid(`${at}.call is no tool call.`);
  } else if (type === 'thinking') {
    if (typeof thinking !== 'string') throw invalid(`${at}.thinking must be a string.`);
  } else checkPart(block, at);
}

function checkCarried(of: JsonObject, at: string): void {
  for (const dialect of dialects) {
    if (of[dialect] !== undefined && !isRecord(of[dialect])) throw invalid(`${at}.${dialect} must be an object.`);
  }
}

function checkList(list: unknown, at: string, check: (item: unknown, at: string) => void): void {
  if (!Array.isArray(list)) throw invalid(`${at} must be an array.`);
  (list as unknown[]).forEach((item, index) => check(item, `${at}[${index}]`));
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function hasItems(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (Buffer.isBuffer(value)) return 'a Buffer';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function invalid(message: string, hint?: string): LlmError {
  return new LlmError('invalid_request', message, { hint });
}
