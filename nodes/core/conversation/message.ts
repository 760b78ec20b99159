/**
 * A conversation, whole and in order: what each wire format is read into and written from, and what stands in `msg.payload`.
 * It is OpenAI's chat messages with places for what that form cannot say.
 */
import type { JsonObject } from '../json.ts';

/** The APIs whose own fields are carried along, each under its name. */
export const dialects = ['openai', 'responses', 'anthropic', 'ollama'] as const;
export type Dialect = (typeof dialects)[number];

/** What only one API knows of a request, a message, a part or a tool: that API's backend puts it back, all others leave it out. */
export type Carried = { [D in Dialect]?: JsonObject | undefined };

export const roles = ['system', 'developer', 'user', 'assistant', 'tool'] as const;
export type Role = (typeof roles)[number];

export interface TextPart extends Carried {
  type: 'text';
  text: string;
}

/** `url` is an address or a `data:image/…;base64,…` URL. */
export interface ImagePart extends Carried {
  type: 'image_url';
  image_url: { url: string; detail?: string };
}

/** One of the data, as a `data:` URL, an address, and the id of a file that the provider keeps. */
export interface FilePart extends Carried {
  type: 'file';
  file: { file_data?: string; file_url?: string; file_id?: string; filename?: string };
}

/** `data` is base64, `format` such as `wav`. */
export interface AudioPart extends Carried {
  type: 'input_audio';
  input_audio: { data: string; format: string };
}

/** What a model says where it will not answer. */
export interface RefusalPart extends Carried {
  type: 'refusal';
  refusal: string;
}

/** A block that one API alone can read. `text` is what it says to a model of another API, where it says anything. */
export interface OwnPart {
  type: 'own';
  dialect: Dialect;
  block: JsonObject;
  text?: string;
}

export type ContentPart = TextPart | ImagePart | FilePart | AudioPart | RefusalPart | OwnPart;

/** What a model thought. Its proof, a signature or encrypted content, is carried under the name of the API that gave it. */
export interface ThinkingPart extends Carried {
  type: 'thinking';
  thinking: string;
}

/** `arguments` is JSON as text, as the model wrote it. */
export interface FunctionCall extends Carried {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
}

/** A call of a tool whose input is a text of no particular form. */
export interface CustomCall extends Carried {
  id: string;
  type: 'custom';
  custom: { name: string; input: string };
}

export type ToolCall = FunctionCall | CustomCall;

export interface CallPart {
  type: 'call';
  call: ToolCall;
}

/** What an assistant's turn is made of, in order. */
export type Block = TextPart | RefusalPart | ThinkingPart | CallPart | OwnPart;

export interface ChatMessage extends Carried {
  role: Role;
  /** A string is one part of text. */
  content: string | ContentPart[] | null;
  name?: string;
  tool_calls?: ToolCall[];
  tool_call_id?: string;
  /** Of a tool's result that tells of a failure. */
  is_error?: boolean;
  refusal?: string;
  /** Kept apart from the text. */
  thinking?: string;
  /** Anthropic's proof that the thinking is its own. */
  thinkingSignature?: string;
  /** An assistant's turn where the fields above cannot tell all of it: they are views then, and win where they were changed. */
  blocks?: Block[];
  /** Where the client began a message of its own though an API would take it into the one before. */
  apart?: boolean;
}

export interface FunctionTool extends Carried {
  type: 'function';
  function: { name: string; description?: string; parameters?: JsonObject; strict?: boolean };
}

/** `format` is `{type: 'text'}` or a grammar. */
export interface CustomTool extends Carried {
  type: 'custom';
  custom: { name: string; description?: string; format?: JsonObject };
}

/** A tool that a provider runs by itself, such as a web search. */
export interface OwnTool {
  type: 'own';
  dialect: Dialect;
  tool: JsonObject;
}

export type ToolDefinition = FunctionTool | CustomTool | OwnTool;

/** What is carried for a dialect; empty where there is nothing. */
export function carriedFor(of: Carried, dialect: Dialect): JsonObject {
  return of[dialect] ?? {};
}

/** A place for a dialect's own fields; none where there are none. */
export function carry(dialect: Dialect, fields: JsonObject): Carried {
  return Object.keys(fields).length > 0 ? { [dialect]: fields } : {};
}

/** All that is carried, for whichever API. */
export function allCarried(of: Carried): Carried {
  const carried: Carried = {};
  for (const dialect of dialects) if (of[dialect] !== undefined) carried[dialect] = of[dialect];
  return carried;
}
