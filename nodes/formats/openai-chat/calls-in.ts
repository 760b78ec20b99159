/** The tool calls of a streamed answer, told apart by what they are, not by where they stand: servers number them in every way there is. */
import { parseJson } from '../../core/answer-bound.ts';
import type { StreamPart } from '../../core/completion.ts';
import { carry, type Carried, type ToolDefinition } from '../../core/conversation/message.ts';
import { isRecord, type JsonObject } from '../../core/json.ts';
import type { Halves } from '../halves.ts';
import { legacyId } from './legacy.ts';
import { argumentsOf } from './request-in.ts';
import { customInput } from './request-out.ts';

/** A call that has begun. */
interface OpenCall {
  /** How many began before it. */
  readonly number: number;
  readonly id: string;
  readonly isCustom: boolean;
  name: string;
  /** Its arguments so far. */
  text: string;
  /** Whether its first part has been told. */
  isTold: boolean;
}

export class CallReader {
  readonly #calls: OpenCall[] = [];
  readonly #byId = new Map<string, OpenCall>();
  /** The newest call under the server's own number. */
  readonly #byIndex = new Map<number, OpenCall>();
  /** Tools whose input is free text, which the server was told of as functions with one parameter. */
  readonly #custom: ReadonlySet<string>;
  readonly #halves: Halves;

  constructor(tools: readonly ToolDefinition[] = [], halves: Halves) {
    this.#custom = new Set(tools.flatMap((tool) => (tool.type === 'custom' ? [tool.custom.name] : [])));
    this.#halves = halves;
  }

  /** `isWhole`: the call comes in one piece. */
  read(given: JsonObject, isWhole: boolean, parts: StreamPart[]): void {
    const { id, index, type, function: called, custom, ...own } = given;
    const isCustom = type === 'custom' || isRecord(custom);
    const { name, arguments: text, input } = isRecord(custom) ? custom : isRecord(called) ? called : {};
    const piece = {
      id: typeof id === 'string' && id !== '' ? id : undefined,
      index: typeof index === 'number' ? index : undefined,
      name: typeof name === 'string' && name !== '' ? name : undefined,
      text: isCustom ? argumentsOf(input) : argumentsOf(text),
      isCustom,
    };
    this.#write(isWhole ? this.#begin(piece) : (this.#find(piece) ?? this.#begin(piece)), piece, carry('openai', own), parts);
  }

  /** The older form: one function, without an id. */
  readLegacy({ name, arguments: text }: JsonObject, parts: StreamPart[]): void {
    const known = this.#calls[0];
    const called = typeof name === 'string' ? name : '';
    const piece = { id: known?.id ?? legacyId(called), index: 0, name: called || undefined, text: argumentsOf(text), isCustom: false };
    this.#write(known ?? this.#begin(piece), piece, { openai: { legacy: true } }, parts);
  }

  #find({ id, index, name }: Piece): OpenCall | undefined {
    const byId = id === undefined ? undefined : this.#byId.get(id);
    if (byId) return byId;
    const current = index === undefined ? this.#calls.at(-1) : this.#byIndex.get(index);
    if (!current) return undefined;
    // Another id with a name of its own begins another call, also under the same number. Some servers make up an id for each piece.
    if (id !== undefined && name !== undefined) return undefined;
    // Without any number a name begins a call, but where it is only said once more.
    const isRepeated = current.name === name && !isWholeJson(current.text);
    return index === undefined && id === undefined && name !== undefined && !isRepeated ? undefined : current;
  }

  #begin({ id, index, name = '', isCustom }: Piece): OpenCall {
    const call: OpenCall = {
      number: this.#calls.length,
      id: id !== undefined && !this.#byId.has(id) ? id : newId(),
      isCustom: isCustom || this.#custom.has(name),
      name: '',
      text: '',
      isTold: false,
    };
    this.#calls.push(call);
    this.#byId.set(id ?? call.id, call);
    if (index !== undefined) this.#byIndex.set(index, call);
    return call;
  }

  #write(call: OpenCall, { name = '', text: given, isCustom }: Piece, carried: Carried, parts: StreamPart[]): void {
    const text = this.#halves.join(`call ${call.number}`, given);
    const isFirst = !call.isTold;
    const isNamed = call.name === '' && name !== '';
    call.isTold = true;
    if (isNamed) call.name = name;
    call.text += text;
    // What was offered as a function takes its text out of the one argument, once that is whole.
    const argument = isCustom || !call.isCustom ? text : inputIn(call.text, text);
    const hasCarried = Object.keys(carried).length > 0;
    if (!isFirst && !isNamed && argument === '' && !hasCarried) return;
    parts.push({
      type: 'toolCall',
      index: call.number,
      ...((isFirst || isNamed) && { id: call.id, name: call.name, ...(call.isCustom && { isCustom: true }) }),
      ...(argument !== '' && { arguments: argument }),
      ...(hasCarried && { carried }),
    });
  }
}

interface Piece {
  readonly id: string | undefined;
  readonly index: number | undefined;
  readonly name: string | undefined;
  readonly text: string;
  readonly isCustom: boolean;
}

/** The input of a custom tool that was offered as a function, once it is whole. */
function inputIn(all: string, latest: string): string {
  if (latest === '' || !isWholeJson(all)) return '';
  const given = parseJson(all);
  return isRecord(given) && typeof given[customInput] === 'string' ? given[customInput] : all;
}

function isWholeJson(text: string): boolean {
  if (!text.trimEnd().endsWith('}')) return false;
  return typeof parseJson(text) === 'object';
}

/** Unlike a number, unique in each turn of a conversation. */
function newId(): string {
  return `call_${crypto.randomUUID().replaceAll('-', '').slice(0, 24)}`;
}
