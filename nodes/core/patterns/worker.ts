/** The thread of a time box: tries patterns with JavaScript's own engine, and says since when. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Place, placesOf } from './places.ts';

export interface Question {
  readonly source: string;
  readonly flags: string;
  readonly text: string;
  /** All places, or the first one. */
  readonly all: boolean;
}

export type Answer = readonly Place[];

const clock = workerData as BigInt64Array;

parentPort?.on('message', ({ source, flags, text, all }: Question) => {
  Atomics.store(clock, 0, process.hrtime.bigint());
  const answer = find(new RegExp(source, flags), text, all);
  Atomics.store(clock, 0, 0n);
  parentPort?.postMessage(answer, []);
});

/** Undefined where the engine gives up, as it does with patterns that become too large. */
function find(expression: RegExp, text: string, all: boolean): Answer | undefined {
  try {
    if (all) return placesOf(expression, text);
    const at = text.search(expression);
    return at < 0 ? [] : [[at, at]];
  } catch {
    return undefined;
  }
}
