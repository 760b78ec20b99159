/** Content blocks of Anthropic's Messages API and the parts that they are to everybody else, in both directions. */
import { parseJson } from '../../core/answer-bound.ts';
import { type Block, carriedFor, carry, type ContentPart, type FilePart, type ImagePart, type ToolCall } from '../../core/conversation/message.ts';
import { parseDataUrl } from '../../core/conversation/text.ts';
import { LlmError } from '../../core/errors.ts';
import { isRecord, type JsonObject } from '../../core/json.ts';

/** A block of a user's turn, of the system prompt, or of a tool's result. */
export function readPart(block: JsonObject): ContentPart {
  const { type } = block;
  if (type === 'text' && typeof block['text'] === 'string') {
    const { type: _type, text, ...own } = block;
    return { type: 'text', text, ...carry('anthropic', own) };
  }
  if (type === 'image') return readImage(block) ?? ownPart(block);
  if (type === 'document') return readDocument(block) ?? ownPart(block);
  return ownPart(block);
}

/** Only this API can read such a block; its words go to others. */
function ownPart(block: JsonObject): ContentPart {
  const text = wordsOf(block);
  return { type: 'own', dialect: 'anthropic', block, ...(text !== '' && { text }) };
}

/** What a search result, or a document made of blocks, says. */
function wordsOf({ title, source, content }: JsonObject): string {
  const inner = Array.isArray(content) ? content : isRecord(source) && Array.isArray(source['content']) ? source['content'] : [];
  const texts = inner.flatMap((block: unknown) => (isRecord(block) && typeof block['text'] === 'string' ? [block['text']] : []));
  return [...(typeof title === 'string' && texts.length > 0 ? [title] : []), ...texts].join('\n');
}

function readImage(block: JsonObject): ImagePart | undefined {
  const { type: _type, source, ...own } = block;
  const url = addressOf(source);
  return url === undefined ? undefined : { type: 'image_url', image_url: { url }, ...carry('anthropic', own) };
}

function readDocument(block: JsonObject): FilePart | undefined {
  const { type: _type, source, title, ...own } = block;
  const address = addressOf(source);
  if (address === undefined) return undefined;
  const file = { ...(address.startsWith('data:') ? { file_data: address } : { file_url: address }), ...(typeof title === 'string' && { filename: title }) };
  return { type: 'file', file, ...carry('anthropic', own) };
}

/** As a URL; undefined where another provider could not follow it, or something stands there that a URL would lose. */
function addressOf(source: unknown): string | undefined {
  if (!isRecord(source)) return undefined;
  const { type, url, media_type: mediaType, data, ...others } = source;
  if (Object.keys(others).length > 0) return undefined;
  if (type === 'url' && typeof url === 'string' && /^https?:/i.test(url)) return url;
  if (typeof mediaType !== 'string' || typeof data !== 'string') return undefined;
  const address = type === 'text' ? textUrl(mediaType, data) : type === 'base64' ? `data:${mediaType};base64,${data}` : undefined;
  return address !== undefined && parseDataUrl(address) ? address : undefined;
}

/** A document in plain text. */
const plainText = 'text/plain';

function textUrl(mediaType: string, text: string): string | undefined {
  return mediaType === plainText && text.isWellFormed() ? `data:${plainText};base64,${Buffer.from(text).toString('base64')}` : undefined;
}

/** A block of an assistant's turn, in a request or in an answer. */
export function readBlock(block: JsonObject): Block {
  const { type, ...fields } = block;
  switch (type) {
    case 'text': {
      const { text, ...own } = fields;
      return typeof text === 'string' ? { type, text, ...carry('anthropic', own) } : ownBlock(block);
    }
    case 'thinking': {
      const { thinking, ...own } = fields;
      return { type, thinking: typeof thinking === 'string' ? thinking : '', ...carry('anthropic', own) };
    }
    case 'tool_use': {
      const { id, name, input, ...own } = fields;
      return { type: 'call', call: { id: String(id), type: 'function', function: { name: String(name), arguments: JSON.stringify(input ?? {}) }, ...carry('anthropic', own) } };
    }
    default:
      return ownBlock(block);
  }
}

function ownBlock(block: JsonObject): Block {
  return { type: 'own', dialect: 'anthropic', block };
}

/** The parts of a user's turn as blocks. What another API alone can read is left out but for its words; the API refuses blank text. */
export function writeParts(content: string | readonly ContentPart[] | null | undefined): JsonObject[] {
  const parts: readonly ContentPart[] = typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? []);
  return parts.flatMap(writePart);
}

function writePart(part: ContentPart): JsonObject[] {
  switch (part.type) {
    case 'text':
      return textBlock(part.text, carriedFor(part, 'anthropic'));
    case 'refusal':
      return textBlock(part.refusal);
    case 'image_url':
      return [{ ...carriedFor(part, 'anthropic'), type: 'image', source: sourceOf(part.image_url.url) }];
    case 'file':
      return [documentOf(part)];
    case 'input_audio':
      throw cannotSay('sound');
    case 'own':
      return part.dialect === 'anthropic' ? [part.block] : textBlock(part.text ?? '');
    default:
      return part satisfies never;
  }
}

export function textBlock(text: string, own: JsonObject = {}): JsonObject[] {
  return text.trim() === '' ? [] : [{ ...own, type: 'text', text }];
}

function documentOf({ file, ...carried }: FilePart): JsonObject {
  const { file_data: data, file_url: url, filename } = file;
  const address = data ?? url;
  if (address === undefined) throw cannotSay('a file by the id that another provider knows it by');
  return { ...carriedFor(carried, 'anthropic'), type: 'document', source: sourceOf(address), ...(filename !== undefined && { title: filename }) };
}

function sourceOf(address: string): JsonObject {
  const data = parseDataUrl(address);
  if (!data) {
    if (/^https?:\/\//i.test(address)) return { type: 'url', url: address };
    throw cannotSay('an image or a file without an https:// address or a data: URL');
  }
  const { mediaType, base64 } = data;
  if (mediaType === plainText) return { type: 'text', media_type: mediaType, data: Buffer.from(base64, 'base64').toString() };
  return { type: 'base64', media_type: mediaType, data: base64 };
}

/**
 * The blocks of an assistant's turn. Thinking goes back only with the proof that it is this API's own: without one it is refused.
 */
export function writeBlocks(blocks: readonly Block[]): JsonObject[] {
  return blocks.flatMap((block) => {
    switch (block.type) {
      case 'text':
        return textBlock(block.text, carriedFor(block, 'anthropic'));
      case 'refusal':
        return textBlock(block.refusal);
      case 'thinking': {
        const own = carriedFor(block, 'anthropic');
        return typeof own['signature'] === 'string' && own['signature'] !== '' ? [{ ...own, type: 'thinking', thinking: block.thinking }] : [];
      }
      case 'call':
        return [toolUse(block.call)];
      case 'own':
        return block.dialect === 'anthropic' ? [block.block] : textBlock(block.text ?? '');
      default:
        return block satisfies never;
    }
  });
}

export function toolUse(call: ToolCall): JsonObject {
  const name = call.type === 'function' ? call.function.name : call.custom.name;
  return { ...carriedFor(call, 'anthropic'), type: 'tool_use', id: call.id, name, input: inputOf(call) };
}

/** The API takes objects alone. What a model has written that is none is kept in one: the conversation goes on. */
function inputOf(call: ToolCall): JsonObject {
  if (call.type === 'custom') return { [customInput]: call.custom.input };
  const { arguments: text } = call.function;
  if (text.trim() === '') return {};
  const input = parseJson(text);
  return isRecord(input) ? input : { arguments: text };
}

/** The one parameter of a tool whose input is free text, where a provider knows only tools with parameters. */
export const customInput = 'content';

function cannotSay(what: string): LlmError {
  return new LlmError('invalid_request', `Anthropic's API does not take ${what}.`, { provider: 'anthropic', hint: 'Leave it out, or ask another model.' });
}
