/** An answer on its way, as ordered blocks. */
import type { StreamPart } from '../completion.ts';
import { GrowingText } from '../growing-text.ts';
import type { Block, Carried, Dialect, ToolCall } from './message.ts';

type BlockPart = Extract<StreamPart, { type: 'text' | 'thinking' | 'refusal' | 'toolCall' | 'citation' | 'own' }>;

export function isBlockPart(part: StreamPart): part is BlockPart {
  switch (part.type) {
    case 'text':
    case 'thinking':
    case 'refusal':
    case 'toolCall':
    case 'citation':
    case 'own':
      return true;
    default:
      return false;
  }
}

type Kind = Block['type'];
type BlockOf<K extends Kind> = Extract<Block, { type: K }>;

/** A block that grows. Its text is put into it when somebody reads it. */
interface Growing<B extends Block = Block> {
  readonly block: B;
  readonly text: GrowingText;
}

/** What a block takes beside its text, in characters: many empty ones fill the memory too. */
const emptyBlock = 200;

/** Puts the parts of a stream together. Parts say by their number where they belong; without one, to the block that came last if it is of their kind. */
export class AnswerBlocks {
  readonly #blocks: Growing[] = [];
  /** Those that have a number, by kind and number. */
  readonly #numbered = new Map<string, Growing>();
  /** Where most parts go: that of the part before. */
  #latest: { readonly number: number | undefined; readonly growing: Growing } | undefined;
  #size = 0;

  /** About how many characters are kept. */
  get size(): number {
    return this.#size;
  }

  add(part: BlockPart): void {
    switch (part.type) {
      case 'text':
      case 'refusal':
        this.#append(this.#find(part.type, part.block), part.text);
        return;
      case 'thinking':
        this.#addThinking(part);
        return;
      case 'toolCall':
        this.#addCall(part);
        return;
      case 'citation':
        this.#addCitation(part);
        return;
      case 'own': {
        const { type, dialect, block, text } = part;
        this.#latest = undefined;
        this.#begin({ type, dialect, block, ...(text !== undefined && { text }) });
        this.#count(block);
        return;
      }
      default:
        part satisfies never;
    }
  }

  get all(): readonly Block[] {
    return this.#blocks.map(asItIs);
  }

  get calls(): ToolCall[] {
    return this.all.flatMap((block) => (block.type === 'call' ? [block.call] : []));
  }

  /** All the text of one kind. */
  textOf(kind: 'text' | 'thinking' | 'refusal'): string {
    return this.#blocks.map(({ block, text }) => (block.type === kind ? text.text : '')).join('');
  }

  #find<K extends Kind>(kind: K, number: number | undefined, begin = beginnings[kind]): Growing<BlockOf<K>> {
    const { growing: latest, number: latestNumber } = this.#latest ?? {};
    if (latest?.block.type === kind && latestNumber === number) return latest as Growing<BlockOf<K>>;
    const key = `${kind} ${number}`;
    const growing = (number === undefined ? undefined : this.#numbered.get(key)) ?? this.#begin(begin());
    if (number !== undefined) this.#numbered.set(key, growing);
    this.#latest = { number, growing };
    return growing as Growing<BlockOf<K>>;
  }

  #begin(block: Block): Growing {
    const growing = { block, text: new GrowingText() };
    this.#blocks.push(growing);
    this.#size += emptyBlock;
    return growing;
  }

  #append({ text }: Growing, piece: string): void {
    text.append(piece);
    this.#size += piece.length;
  }

  #count(carried: object): void {
    this.#size += JSON.stringify(carried).length;
  }

  #addThinking({ text, carried, block: number }: Extract<BlockPart, { type: 'thinking' }>): void {
    const growing = this.#find('thinking', number);
    this.#append(growing, text);
    if (!carried) return;
    merge(growing.block, carried);
    this.#count(carried);
    // Its proof ends a thought.
    if (number === undefined) this.#latest = undefined;
  }

  #addCall({ index, id, name, arguments: text = '', isCustom, carried }: Extract<BlockPart, { type: 'toolCall' }>): void {
    const growing = this.#find('call', index, isCustom ? customCall : functionCall);
    const { call } = growing.block;
    if (id) call.id = id;
    else if (call.id === '') call.id = `call_${index}`;
    if (name) (call.type === 'function' ? call.function : call.custom).name = name;
    this.#append(growing, text);
    this.#size += (id?.length ?? 0) + (name?.length ?? 0);
    if (!carried) return;
    merge(call, carried);
    this.#count(carried);
  }

  #addCitation({ dialect, citation, block: number }: Extract<BlockPart, { type: 'citation' }>): void {
    const { block } = this.#find('text', number);
    const own = (block[dialect] ??= {});
    const citations = (own['citations'] ??= []) as unknown[];
    citations.push(citation);
    this.#count(citation);
  }
}

/** The block with its text as far as it has come. */
function asItIs({ block, text: { text } }: Growing): Block {
  switch (block.type) {
    case 'text':
      return { ...block, text };
    case 'thinking':
      return { ...block, thinking: text };
    case 'refusal':
      return { ...block, refusal: text };
    case 'call': {
      const { call } = block;
      if (call.type === 'custom') return { ...block, call: { ...call, custom: { ...call.custom, input: text } } };
      return { ...block, call: { ...call, function: { ...call.function, arguments: text } } };
    }
    case 'own':
      return block;
    default:
      return block satisfies never;
  }
}

const functionCall = (): Block => ({ type: 'call', call: { id: '', type: 'function', function: { name: '', arguments: '' } } });
const customCall = (): Block => ({ type: 'call', call: { id: '', type: 'custom', custom: { name: '', input: '' } } });

const beginnings: { readonly [K in Kind]: () => Block } = {
  text: () => ({ type: 'text', text: '' }),
  refusal: () => ({ type: 'refusal', refusal: '' }),
  thinking: () => ({ type: 'thinking', thinking: '' }),
  call: functionCall,
  own: () => ({ type: 'own', dialect: 'openai', block: {} }),
};

function merge(into: Carried, carried: Carried | undefined): void {
  for (const [dialect, fields] of Object.entries(carried ?? {})) into[dialect as Dialect] = { ...into[dialect as Dialect], ...fields };
}
