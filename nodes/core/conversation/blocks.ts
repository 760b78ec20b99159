/** An assistant's turn as ordered blocks, and as the fields of a chat message that flows read and write. */
import type { JsonObject } from '../json.ts';
import { allCarried, type Block, type Carried, carry, type ChatMessage, type ContentPart, type TextPart, type ToolCall } from './message.ts';

/** What a chat message shows of its blocks. */
interface View {
  content: string | null;
  tool_calls?: ToolCall[];
  refusal?: string;
  thinking?: string;
  thinkingSignature?: string;
}

/** The assistant's message of these blocks. It carries them only where its other fields cannot tell all of them. */
export function assistantMessage(given: readonly Block[], carried: Carried = {}): ChatMessage {
  const blocks = given.filter((block) => block.type !== 'text' || block.text !== '' || Object.keys(allCarried(block)).length > 0);
  const view = viewOf(blocks);
  const message: ChatMessage = { role: 'assistant', ...view, ...carried };
  return isSame(blocks, blocksOfView(view)) ? message : { ...message, blocks: [...blocks] };
}

/** The blocks of an assistant's message. Where a flow has changed a view of them, what it wrote is what counts. */
export function blocksOf(message: ChatMessage): Block[] {
  const { blocks } = message;
  const { content, tool_calls: calls, refusal, thinking, thinkingSignature } = message;
  const given: Given = { content, calls: calls ?? [], refusal: refusal ?? '', thinking: thinking ?? '', thinkingSignature: thinkingSignature ?? '' };
  return Array.isArray(blocks) && blocks.length > 0 ? reconciled(blocks, given) : blocksOfGiven(given);
}

interface Given {
  readonly content: ChatMessage['content'];
  readonly calls: readonly ToolCall[];
  readonly refusal: string;
  readonly thinking: string;
  readonly thinkingSignature: string;
}

function viewOf(blocks: readonly Block[]): View {
  const calls = blocks.flatMap((block) => (block.type === 'call' ? [block.call] : []));
  const text = joined(blocks, (block) => (block.type === 'text' ? block.text : ''));
  const refusal = joined(blocks, (block) => (block.type === 'refusal' ? block.refusal : ''));
  const thinking = joined(blocks, (block) => (block.type === 'thinking' ? block.thinking : ''));
  const signature = signatureOf(blocks);
  return {
    content: text === '' && (calls.length > 0 || refusal !== '') ? null : text,
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(refusal !== '' && { refusal }),
    ...(thinking !== '' && { thinking }),
    ...(signature !== '' && { thinkingSignature: signature }),
  };
}

/** With several blocks of thinking no signature fits all of their text. */
function signatureOf(blocks: readonly Block[]): string {
  const thoughts = blocks.filter((block) => block.type === 'thinking');
  const signature = thoughts[0]?.anthropic?.['signature'];
  return thoughts.length === 1 && typeof signature === 'string' ? signature : '';
}

function joined(blocks: readonly Block[], textOf: (block: Block) => string): string {
  return blocks.map(textOf).join('');
}

function blocksOfView({ content, tool_calls: calls = [], refusal = '', thinking = '', thinkingSignature = '' }: View): Block[] {
  return blocksOfGiven({ content, calls, refusal, thinking, thinkingSignature });
}

/** In the order that a chat message stands for: thinking, text, refusal, calls. */
function blocksOfGiven({ content, calls, refusal, thinking, thinkingSignature: signature }: Given): Block[] {
  return [
    ...(thinking !== '' || signature !== '' ? [thought(thinking, signature)] : []),
    ...saidIn(content),
    ...(refusal === '' ? [] : [{ type: 'refusal', refusal } as const]),
    ...calls.map((call) => ({ type: 'call', call }) as const),
  ];
}

function thought(thinking: string, signature: string): Block {
  return { type: 'thinking', thinking, ...(signature !== '' && { anthropic: { signature } }) };
}

/** Images and files are nothing that an assistant says. */
function saidIn(content: ChatMessage['content']): Block[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  return (content ?? []).filter(isSaid);
}

function isSaid(part: ContentPart): part is Extract<ContentPart, Block> {
  return part.type === 'text' || part.type === 'refusal' || part.type === 'own';
}

function reconciled(blocks: readonly Block[], given: Given): Block[] {
  const view = viewOf(blocks);
  let result = [...blocks];
  if (!isSame(view.content ?? '', given.content ?? '')) result = withText(result, given.content);
  if ((view.thinking ?? '') !== given.thinking) result = withThinking(result, given.thinking);
  if ((view.refusal ?? '') !== given.refusal) result = withRefusal(result, given.refusal);
  if (!isSame(view.tool_calls ?? [], given.calls)) result = withCalls(result, given.calls);
  return result;
}

/** Text that was changed keeps what stands at its place, such as a mark for the cache, and loses what was said of its words. */
function withText(blocks: readonly Block[], content: ChatMessage['content']): Block[] {
  const said = saidIn(content).filter((block) => block.type === 'text');
  const old = blocks.filter((block) => block.type === 'text');
  const fresh = said.length === old.length ? said.map((part, at) => changed(old[at], part)) : said.map((part) => changed(old[0], part));
  if (old.length === 0) return insertBeforeCalls(blocks, fresh);
  let next = 0;
  return blocks.flatMap((block): Block[] => {
    if (block.type !== 'text') return [block];
    if (said.length === old.length) return fresh.slice(next, ++next);
    return next++ === 0 ? fresh : [];
  });
}

function changed(old: TextPart | undefined, { text, ...given }: TextPart): TextPart {
  if (!old || old.text === text) return { ...old, ...given, text };
  const { citations: _citations, ...kept } = old.anthropic ?? {};
  const { anthropic: _anthropic, ...others } = allCarried(old);
  return { ...others, ...carry('anthropic', kept), ...given, text };
}

function insertBeforeCalls(blocks: readonly Block[], fresh: readonly Block[]): Block[] {
  const at = blocks.findIndex(({ type }) => type === 'call');
  return at === -1 ? [...blocks, ...fresh] : [...blocks.slice(0, at), ...fresh, ...blocks.slice(at)];
}

/** What a model thought and another hand has changed is nobody's proof any more. */
function withThinking(blocks: readonly Block[], thinking: string): Block[] {
  const rest = blocks.filter(({ type }) => type !== 'thinking');
  return thinking === '' ? rest : [thought(thinking, ''), ...rest];
}

function withRefusal(blocks: readonly Block[], refusal: string): Block[] {
  const rest = blocks.filter(({ type }) => type !== 'refusal');
  return refusal === '' ? rest : insertBeforeCalls(rest, [{ type: 'refusal', refusal }]);
}

/** By their ids: a call that is there no more goes, one that is new comes last. */
function withCalls(blocks: readonly Block[], calls: readonly ToolCall[]): Block[] {
  const given = new Map(calls.map((call) => [call.id, call]));
  const kept = blocks.flatMap((block): Block[] => {
    if (block.type !== 'call') return [block];
    const call = given.get(block.call.id);
    given.delete(block.call.id);
    return call ? [{ type: 'call', call }] : [];
  });
  return [...kept, ...[...given.values()].map((call) => ({ type: 'call', call }) as const)];
}

/** As JSON has it, whatever the order of the names. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [a, b] = [one as JsonObject, other as JsonObject];
  const names = Object.keys(a).filter((name) => a[name] !== undefined);
  return names.length === Object.keys(b).filter((name) => b[name] !== undefined).length && names.every((name) => isSame(a[name], b[name]));
}
