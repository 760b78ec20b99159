/** What a person asks: from a message and a node's settings to one checked request. */
import { checkBounds } from './bounded-json.ts';
import { type Carried, type ChatMessage, type ContentPart, dialects, type ToolDefinition } from './conversation/message.ts';
import { readMessages } from './conversation/read.ts';
import { textOf, textOfPart } from './conversation/text.ts';
import { readTools } from './conversation/tools.ts';
import { LlmError } from './errors.ts';
import type { NumberBounds } from './fields.ts';
import { isRecord } from './json.ts';
import { settingBounds } from './limits.ts';

/** How much a model is to think. */
export const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;
export type Effort = (typeof efforts)[number];

/** The settings that a node gives to every request, and `msg.llm` to one. What is carried are an API's own fields, for its backends alone. */
export interface RequestSettings extends Carried {
  system?: string | undefined;
  model?: string | undefined;
  maxTokens?: number | undefined;
  temperature?: number | undefined;
  topP?: number | undefined;
  topK?: number | undefined;
  stop?: string | string[] | undefined;
  seed?: number | undefined;
  tools?: ToolDefinition[] | undefined;
  toolChoice?: unknown;
  /** Whether the model may call several tools at once. */
  parallelTools?: boolean | undefined;
  responseFormat?: unknown;
  effort?: Effort | undefined;
  /** Who asks, as the provider may know them: an id without meaning. */
  user?: string | undefined;
  /** Higher goes first where requests wait. */
  priority?: number | undefined;
  /** A time limit for this request alone; the backend's own total limit still holds. */
  timeoutMs?: number | undefined;
  session?: string | undefined;
  /** `embed` asks for a vector for each text of the payload instead of an answer. */
  task?: 'chat' | 'embed' | undefined;
  /** The passages that came with the request (see context.ts), and the question that the prompt was written around. Anybody may have put them there. */
  context?: unknown;
  question?: unknown;
  /** Merged into the provider's body as it is; it wins over what a client has sent. */
  extra?: Record<string, unknown> | undefined;
}

/** A checked request, the same for every provider. */
export interface CompletionRequest extends Omit<RequestSettings, 'system' | 'stop' | 'priority'> {
  /** The conversation; the system prompt, where there is one, comes first. */
  readonly messages: readonly ChatMessage[];
  readonly stop?: string[] | undefined;
  readonly priority: number;
}

/** The texts of a request for embeddings; undefined for every other. */
export function textsToEmbed({ task, messages }: CompletionRequest): string[] | undefined {
  return task === 'embed' ? messages.map(({ content }) => textOf(content)) : undefined;
}

/** The largest prompt that is taken, in characters. A bound for accidents (a file on the wrong wire), not for context windows. */
export const maxPromptChars = 20_000_000;

/**
 * Builds the request from a message's payload, its `msg.llm` overrides and the node's own settings.
 * @throws LlmError `invalid_request` that names what is wrong.
 */
export function readRequest(payload: unknown, overrides: unknown, settings: RequestSettings): CompletionRequest {
  checkBounds(payload, { what: 'msg.payload' });
  checkBounds(overrides, { what: 'msg.llm' });
  const own = readOverrides(overrides);
  const merged: RequestSettings = { ...settings, ...own };
  const messages = merged.task === 'embed' ? readTexts(payload) : readMessages(payload);
  if (merged.system && merged.task !== 'embed') {
    if (typeof merged.system !== 'string') throw invalid('msg.llm.system must be a string.');
    prependSystem(messages, merged.system);
  }
  checkSize(messages);
  const { system: _system, stop, priority, extra, tools, ...rest } = merged;
  return {
    ...rest,
    ...(tools && tools.length > 0 && { tools: readTools(tools) }),
    extra: settings.extra && own.extra ? { ...settings.extra, ...own.extra } : extra,
    messages,
    stop: readStop(stop),
    priority: priority ?? 0,
  };
}

/** Each text stands as a message of its own. */
function readTexts(payload: unknown): ChatMessage[] {
  const texts: unknown[] = Array.isArray(payload) ? payload : [payload];
  if (texts.length === 0 || !texts.every((text) => typeof text === 'string' && text !== '')) {
    throw invalid('msg.payload must be a text, or an array of texts, to be embedded.', 'None of them may be empty.');
  }
  return (texts as string[]).map((content) => ({ role: 'user', content }));
}

/** Many chat templates take one system message, and only as the first. */
function prependSystem(messages: ChatMessage[], system: string): void {
  const [first] = messages;
  if (first?.role === 'system' && typeof first.content === 'string') {
    messages[0] = { ...first, content: `${system}\n\n${first.content}` };
  } else {
    messages.unshift({ role: 'system', content: system });
  }
}

const numberBounds = {
  ...settingBounds,
  topK: { min: -1, max: 1_000_000, integer: true },
  seed: { min: -(2 ** 53), max: 2 ** 53, integer: true },
  priority: { min: -1_000_000, max: 1_000_000 },
  timeoutMs: { min: 1, max: 86_400_000 },
} as const;

const textFields = ['model', 'session', 'user'] as const;
const objectFields = ['responseFormat', 'extra', ...dialects] as const;

function readOverrides(overrides: unknown): RequestSettings {
  if (overrides === undefined || overrides === null) return {};
  if (!isRecord(overrides)) throw invalid('msg.llm must be an object.', 'For example {"temperature": 0.2}.');
  const own: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(overrides)) {
    if (value !== undefined && value !== null) own[name] = value;
  }
  checkSettings(own);
  return own;
}

/**
 * Looks at the settings of one request, which come from outside. `nameOf` says what they are called there.
 * @throws LlmError `invalid_request` that names what is wrong
 */
export function checkSettings(given: object, nameOf = (name: string) => `msg.llm.${name}`): void {
  const settings = given as Readonly<Record<string, unknown>>;
  for (const [name, { min, max, integer }] of Object.entries<NumberBounds>(numberBounds)) {
    const value = settings[name];
    if (value === undefined) continue;
    if (typeof value !== 'number' || !(value >= min && value <= max) || (integer && !Number.isInteger(value))) {
      throw invalid(`${nameOf(name)} must be a ${integer ? 'whole ' : ''}number from ${min} to ${max}.`);
    }
  }
  for (const name of textFields) {
    const value = settings[name];
    if (value !== undefined && typeof value !== 'string') throw invalid(`${nameOf(name)} must be a string.`);
  }
  if (settings['task'] !== undefined && settings['task'] !== 'chat' && settings['task'] !== 'embed') throw invalid(`${nameOf('task')} must be chat or embed.`);
  const { effort, parallelTools } = settings;
  if (effort !== undefined && !efforts.some((known) => known === effort)) throw invalid(`${nameOf('effort')} must be one of ${efforts.join(', ')}.`);
  if (parallelTools !== undefined && typeof parallelTools !== 'boolean') throw invalid(`${nameOf('parallelTools')} must be true or false.`);
  if (settings['tools'] !== undefined && !Array.isArray(settings['tools'])) throw invalid(`${nameOf('tools')} must be an array of tools.`);
  for (const name of objectFields) {
    if (settings[name] !== undefined && !isRecord(settings[name])) throw invalid(`${nameOf(name)} must be an object.`);
  }
  readStop(settings['stop'], nameOf('stop'));
}

function readStop(stop: unknown, name = 'The stop setting'): string[] | undefined {
  if (stop === undefined || stop === null || stop === '') return undefined;
  const words = Array.isArray(stop) ? stop : [stop];
  if (!words.every((word) => typeof word === 'string' && word !== '')) {
    throw invalid(`${name} must be a string or an array of strings that are not empty.`);
  }
  return words.length > 0 ? (words as string[]) : undefined;
}

function checkSize(messages: readonly ChatMessage[]): void {
  let chars = 0;
  for (const { content } of messages) {
    if (typeof content === 'string') chars += content.length;
    else for (const part of content ?? []) chars += sizeOf(part);
  }
  if (chars > maxPromptChars) {
    throw invalid(`The prompt has ${chars} characters; at most ${maxPromptChars} are taken.`, 'Send a shorter one.');
  }
}

/** In characters, data as they travel included. */
function sizeOf(part: ContentPart): number {
  switch (part.type) {
    case 'image_url':
      return part.image_url.url.length;
    case 'file':
      return part.file.file_data?.length ?? 0;
    case 'input_audio':
      return part.input_audio.data.length;
    case 'text':
    case 'refusal':
    case 'own':
      return textOfPart(part).length;
    default:
      return part satisfies never;
  }
}

function invalid(message: string, hint?: string): LlmError {
  return new LlmError('invalid_request', message, { hint });
}
