/** Copies what a request asked, for keeps: redacted, without images, and no longer than there is room. */
import { isRecord } from '../../core/json.ts';
import type { Redaction } from './redaction.ts';
import { LeftOut } from './snapshot.ts';

/** Of a prompt, of its settings, of an answer: in characters. */
export const maxContentChars = 65_536;

/** So much more is looked at, so that what is cut off leaves no half of a secret behind. */
const overlapChars = 4_096;

export interface Copied {
  readonly text: string;
  /** Places that were redacted. */
  readonly redactions: number;
  /** False where it is another than what was copied, beside what was redacted. */
  readonly isWhole: boolean;
}

/** A text as it is. */
export async function copyText(text: string, redaction: Redaction): Promise<Copied> {
  const copy = new Copy(redaction);
  return copy.finish(await copy.text(text));
}

/** Anything else, as JSON: a snapshot. */
export async function copyJson(value: unknown, redaction: Redaction): Promise<Copied> {
  const copy = new Copy(redaction);
  return copy.finish(JSON.stringify(await copy.value(value)) ?? 'null');
}

class Copy {
  readonly #redaction: Redaction;
  #left = maxContentChars;
  #redactions = 0;
  #isWhole = true;

  constructor(redaction: Redaction) {
    this.#redaction = redaction;
  }

  finish(text: string): Copied {
    // Quotes and escapes come on top of what was counted.
    const isTooLong = text.length > maxContentChars;
    return { text: isTooLong ? text.slice(0, maxContentChars) : text, redactions: this.#redactions, isWhole: this.#isWhole && !isTooLong };
  }

  async value(value: unknown): Promise<unknown> {
    if (typeof value === 'string') return this.text(value);
    if (typeof value === 'number' || typeof value === 'bigint') return this.#number(value);
    if (typeof value === 'boolean' || value === null) return value;
    if (value instanceof LeftOut) return this.#leaveOut(value.name);
    if (typeof value !== 'object') return undefined;
    if (this.#left <= 0) return this.#leaveOut();
    this.#left -= 2;
    if (Array.isArray(value)) return this.#list(value);
    return isRecord(value) ? this.#record(value) : undefined;
  }

  async text(text: string): Promise<string> {
    // Longer than all that is kept: nothing else is in it.
    if (text.length > maxContentChars && nameOf(text) !== undefined) return this.#leaveOut(nameOf(text));
    const { taken, isCut } = this.#take(text);
    const { text: left, places, isWithheld = false } = await this.#redaction.redact(this.#withoutFiles(taken));
    if (isWithheld) return this.#leaveOut(left);
    this.#redactions += places;
    const kept = isCut ? left.slice(0, Math.max(0, Math.min(this.#left, left.length - overlapChars))) : left;
    this.#left -= kept.length;
    return isCut ? `${kept}…` : kept;
  }

  /** As much as there is room for, and the overlap. */
  #take(text: string): { taken: string; isCut: boolean } {
    if (text.length <= this.#left) return { taken: text, isCut: false };
    this.#isWhole = false;
    return { taken: text.slice(0, Math.max(0, this.#left) + overlapChars), isCut: true };
  }

  #withoutFiles(text: string): string {
    return text.includes(';base64,') ? text.replace(dataUrls, (url) => this.#leaveOut(nameOf(url))) : text;
  }

  async #number(value: number | bigint): Promise<unknown> {
    const text = await this.text(String(value));
    return text === String(value) && typeof value === 'number' ? value : text;
  }

  async #list(list: readonly unknown[]): Promise<unknown[]> {
    const copies: unknown[] = [];
    for (const item of list) {
      if (this.#left <= 0) {
        this.#isWhole = false;
        break;
      }
      this.#left--;
      copies.push(await this.value(item));
    }
    return copies;
  }

  async #record(record: Readonly<Record<string, unknown>>): Promise<object> {
    const copies: Array<[string, unknown]> = [];
    for (const [name, value] of Object.entries(record)) {
      if (this.#left <= 0) {
        this.#isWhole = false;
        break;
      }
      copies.push([await this.text(name), await this.value(value)]);
    }
    return Object.fromEntries(copies);
  }

  #leaveOut(name = '…'): string {
    this.#isWhole = false;
    this.#left -= name.length;
    return name;
  }
}

/** Images and other files within a text. */
const dataUrls = /data:[\w.+-]{1,60}\/[\w.+-]{1,60}(?:;[\w.+=-]{1,60}){0,5};base64,[\w+/=-]*/gi;

/** What stands in the place of such a URL, which the text is or begins as; undefined for any other text. */
function nameOf(text: string): string | undefined {
  const [head = '', type] = /^data:([\w.+-]{1,60}\/[\w.+-]{1,60})(?:;[\w.+=-]{1,60}){0,5};base64,/i.exec(text.slice(0, 500)) ?? [];
  return type === undefined ? undefined : `[${type}, ${Math.floor(((text.length - head.length) * 3) / 4)} bytes]`;
}
