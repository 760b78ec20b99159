/** All vectors of a store in memory, searched exactly: at 100,000 this is faster than most indexes that guess. */
import { type Scored, Top } from '../top.ts';

/** How many vectors lie in one piece of memory: growing copies nothing. */
const blockSize = 4096;

export class VectorIndex {
  readonly #dimensions: number;
  readonly #blocks: Float32Array[] = [];
  /** By slot: the passage whose vector it is, and its document. */
  readonly #passages: number[] = [];
  readonly #documents: number[] = [];
  readonly #slots = new Map<number, number>();

  constructor(dimensions: number) {
    this.#dimensions = dimensions;
  }

  add(passage: number, document: number, vector: Float32Array): void {
    const slot = this.#passages.length;
    if (slot === this.#blocks.length * blockSize) this.#blocks.push(new Float32Array(blockSize * this.#dimensions));
    this.#at(slot).set(vector);
    this.#passages.push(passage);
    this.#documents.push(document);
    this.#slots.set(passage, slot);
  }

  /** The last one moves to where it was. */
  remove(passage: number): void {
    const slot = this.#slots.get(passage);
    if (slot === undefined) return;
    const last = this.#passages.length - 1;
    this.#at(slot).set(this.#at(last));
    const moved = this.#passages[last] as number;
    this.#passages[slot] = moved;
    this.#documents[slot] = this.#documents[last] as number;
    this.#slots.set(moved, slot);
    this.#slots.delete(passage);
    this.#passages.pop();
    this.#documents.pop();
    if (last === (this.#blocks.length - 1) * blockSize) this.#blocks.pop();
  }

  /** The passages with the highest dot products, best first; of these documents only, where they are given. */
  search(vector: Float32Array, limit: number, documents?: ReadonlySet<number>): Array<Scored<number>> {
    const top = new Top<number>(limit);
    for (let slot = 0; slot < this.#passages.length; slot++) {
      if (documents && !documents.has(this.#documents[slot] as number)) continue;
      const block = this.#blocks[(slot / blockSize) | 0] as Float32Array;
      const score = dot(block, (slot % blockSize) * this.#dimensions, vector);
      if (score > top.threshold) top.offer(this.#passages[slot] as number, score);
    }
    return top.sorted();
  }

  #at(slot: number): Float32Array {
    const from = (slot % blockSize) * this.#dimensions;
    return (this.#blocks[(slot / blockSize) | 0] as Float32Array).subarray(from, from + this.#dimensions);
  }
}

/** Four sums at a time: the processor need not wait for one before it begins the next. Plain variables: this is where all the time goes. */
function dot(block: Float32Array, from: number, vector: Float32Array): number {
  const whole = vector.length - (vector.length % 4);
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let at = 0; at < whole; at += 4) {
    a += (block[from + at] as number) * (vector[at] as number);
    b += (block[from + at + 1] as number) * (vector[at + 1] as number);
    c += (block[from + at + 2] as number) * (vector[at + 2] as number);
    d += (block[from + at + 3] as number) * (vector[at + 3] as number);
  }
  for (let at = whole; at < vector.length; at++) a += (block[from + at] as number) * (vector[at] as number);
  return a + b + (c + d);
}
