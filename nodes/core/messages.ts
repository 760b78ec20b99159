/** Chat messages, in OpenAI's form: the one form that all backends take and translate. */
import { LlmError } from './errors.ts';

export const roles = ['system', 'developer', 'user', 'assistant', 'tool'] as const;
export type Role = (typeof roles)[number];

export interface TextPart {
  type: 'text';
  text: string;
}

/** `url` is an address or a `data:image/…;base64,…` URL. */
export interface ImagePart {
  type: 'image_url';
  image_url: { url: string; detail?: string };
}

export type ContentPart = TextPart | ImagePart;

export interface ToolCall {
  id: string;
  type: 'function';
  /** `arguments` is JSON as text, as the model wrote it. */
  function: { name: string; arguments: string };
}

export interface ToolDefinition {
  type: 'function';
  function: { name: string; description?: string; parameters?: Record<string, unknown>; strict?: boolean };
}

export interface ChatMessage {
  role: Role;
  content: string | ContentPart[] | null;
  name?: string;
  tool_calls?: ToolCall[];
  tool_call_id?: string;
}

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
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    throw invalid(`${at} is ${describe(message)}, not a message.`, 'A message is {"role": "user", "content": "…"}.');
  }
  const { role, content, tool_calls: toolCalls, tool_call_id: toolCallId } = message as Record<string, unknown>;
  if (!roles.includes(role as Role)) throw invalid(`${at}.role is not a known role.`, `Use one of ${roles.join(', ')}.`);
  if (toolCalls !== undefined) checkToolCalls(toolCalls, `${at}.tool_calls`);
  if (role === 'tool' && typeof toolCallId !== 'string') throw invalid(`${at} answers a tool call: give its tool_call_id.`);
  if (content === null || content === undefined) {
    if (role === 'assistant' && Array.isArray(toolCalls) && toolCalls.length > 0) return;
    throw invalid(`${at}.content is missing.`);
  }
  if (typeof content === 'string') return;
  if (!Array.isArray(content)) throw invalid(`${at}.content is ${describe(content)}.`, 'Use a string or an array of content parts.');
  [...(content as unknown[])].forEach((part, partIndex) => checkPart(part, `${at}.content[${partIndex}]`));
}

function checkToolCalls(calls: unknown, at: string): void {
  if (!Array.isArray(calls)) throw invalid(`${at} must be an array.`);
  for (const [index, call] of (calls as Array<Partial<ToolCall> | null | undefined>).entries()) {
    const { name, arguments: text } = call?.function ?? {};
    if (typeof name !== 'string' || typeof text !== 'string') {
      throw invalid(`${at}[${index}] is no tool call.`, 'It is {"id": "…", "type": "function", "function": {"name": "…", "arguments": "{…}"}}.');
    }
  }
}

function checkPart(part: unknown, at: string): void {
  const { type, text, image_url: image } = (part ?? {}) as Record<string, unknown>;
  switch (type) {
    case 'text':
      if (typeof text !== 'string') throw invalid(`${at}.text must be a string.`);
      return;
    case 'image_url':
      if (typeof (image as { url?: unknown } | undefined)?.url !== 'string') throw invalid(`${at}.image_url.url must be a string.`);
      return;
    default:
      throw invalid(`${at}.type is not a known kind of content.`, 'Use text or image_url.');
  }
}

/** The text of a message's content, its images left out. */
export function textOf(content: ChatMessage['content']): string {
  if (content === null || content === undefined) return '';
  if (typeof content === 'string') return content;
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

/** The addresses of the images in a message's content. */
export function imagesOf(content: ChatMessage['content']): string[] {
  return Array.isArray(content) ? content.flatMap((part) => (part.type === 'image_url' ? [part.image_url.url] : [])) : [];
}

export function hasImages(messages: readonly ChatMessage[]): boolean {
  return messages.some(({ content }) => imagesOf(content).length > 0);
}

/**
 * The conversation as one text, for models that complete a text instead of chatting.
 * One question stays as it is; a longer conversation has its speakers named, and ends with the assistant's turn.
 * @throws LlmError `invalid_request` where there are images.
 */
export function asPrompt(messages: readonly ChatMessage[]): string {
  if (hasImages(messages)) {
    throw invalid('This API completes text and takes no images.', 'Choose the chat API in the node, or leave the images out.');
  }
  const system = messages.filter(({ role }) => role === 'system' || role === 'developer').map(({ content }) => textOf(content));
  const turns = messages.filter(({ role }) => role !== 'system' && role !== 'developer');
  const [only] = turns;
  const spoken =
    turns.length === 1 && only?.role === 'user'
      ? [textOf(only.content)]
      : [...turns.map(({ role, content }) => `${role}: ${textOf(content)}`), 'assistant:'];
  return [...system, ...spoken].join('\n\n');
}

/** A data URL taken apart, or undefined where the address is none. */
export function parseDataUrl(url: string): { mediaType: string; base64: string } | undefined {
  const match = /^data:([\w.+-]+\/[\w.+-]+);base64,/.exec(url);
  return match ? { mediaType: match[1] as string, base64: url.slice(match[0].length) } : undefined;
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
