/** Passages that follow each other in a document read as one text. */
import type { Found } from '../store/store.ts';

/** What makes two found passages the same one. */
export function keyOf({ document, ordinal }: Found): string {
  return `${ordinal} ${document.id}`;
}

/**
 * The passages in runs of such as go on from each other, each in the document's order. Neighbors go on where they have the same headings,
 * or where they touch or overlap: between others, the heading of the second may be missing.
 */
export function runsOf(passages: readonly Found[]): Found[][] {
  const runs: Found[][] = [];
  for (const ofDocument of Map.groupBy(passages, ({ document }) => document.id).values()) {
    let end = -1;
    for (const found of ofDocument.toSorted((a, b) => a.ordinal - b.ordinal)) {
      const run = runs.at(-1);
      const last = run?.at(-1);
      if (run && last?.document.id === found.document.id && goesOn(last, found, end)) {
        run.push(found);
        end = Math.max(end, found.passage.end);
      } else {
        runs.push([found]);
        end = found.passage.end;
      }
    }
  }
  return runs;
}

function goesOn(last: Found, next: Found, end: number): boolean {
  return next.passage.start <= end || (next.ordinal === last.ordinal + 1 && isSame(last.passage.headings, next.passage.headings));
}

/**
 * The text of a run as it stands in the document: what two passages share stands once. A gap between them, which is blank, is a blank or
 * an empty line.
 */
export function textOfRun(run: readonly Found[]): { text: string; start: number; end: number } {
  const start = run[0]?.passage.start ?? 0;
  let [text, end] = ['', start];
  for (const { passage } of run) {
    if (passage.start > end) text += passage.start - end === 1 ? ' ' : '\n\n';
    text += passage.text.slice(Math.max(0, end - passage.start));
    end = Math.max(end, passage.end);
  }
  return { text, start, end };
}

/** The headings that stand above all of a run. */
export function headingsOfRun(run: readonly Found[]): string[] {
  const [first = [], ...others] = run.map(({ passage }) => passage.headings);
  const differs = first.findIndex((heading, at) => others.some((headings) => headings[at] !== heading));
  return first.slice(0, differs < 0 ? first.length : differs);
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((heading, at) => heading === others[at]);
}
