/** What a conversation says, as text. */
import { LlmError } from '../errors.ts';
import type { ChatMessage, ContentPart } from './message.ts';

/** The text of a message's content; images and files are left out. */
export function textOf(content: ChatMessage['content']): string {
  if (content === null || content === undefined) return '';
  if (typeof content === 'string') return content;
  return content.map(textOfPart).join('');
}

export function textOfPart(part: ContentPart): string {
  switch (part.type) {
    case 'text':
      return part.text;
    case 'refusal':
      return part.refusal;
    case 'own':
      return part.text ?? '';
    case 'image_url':
    case 'file':
    case 'input_audio':
      return '';
    default:
      return part satisfies never;
  }
}

/** The addresses of the images in a message's content. */
export function imagesOf(content: ChatMessage['content']): string[] {
  return Array.isArray(content) ? content.flatMap((part) => (part.type === 'image_url' ? [part.image_url.url] : [])) : [];
}

/** Whether there is more in it than text. */
export function hasMedia(messages: readonly ChatMessage[]): boolean {
  return messages.some(({ content }) => Array.isArray(content) && content.some(({ type }) => type === 'image_url' || type === 'file' || type === 'input_audio'));
}

/**
 * The conversation as one text, for models that complete a text instead of chatting.
 * One question stays as it is; a longer conversation has its speakers named, and ends with the assistant's turn.
 * @throws LlmError `invalid_request` where there are images, files or sound.
 */
export function asPrompt(messages: readonly ChatMessage[]): string {
  if (hasMedia(messages)) {
    throw new LlmError('invalid_request', 'This API completes text and takes no images, files or sound.', {
      hint: 'Choose the chat API in the node, or leave them out.',
    });
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
  // Looked for in the beginning alone: what follows may be megabytes.
  const match = /^data:([\w.+-]+\/[\w.+-]+);base64,/.exec(url.slice(0, 200));
  return match ? { mediaType: match[1] as string, base64: url.slice(match[0].length) } : undefined;
}
