/** Where sentences end, by the rules of Unicode (UAX #29). */

/** The segmenter's time grows with the square of a text's length: it sees so many units at once. */
const windowLength = 2_000;
/** Whether so little is one sentence or two makes no difference, and the segmenter has its price for each text. */
const shortText = 100;

// Not the machine's own language: the same document is split in the same way everywhere.
const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

/** In order; the last one is `end`. A line end within a paragraph ends no sentence. One that is longer than a window is cut. */
export function* sentenceEnds(text: string, start: number, end: number): Generator<number> {
  if (end - start <= shortText) return yield end;
  for (let at = start; at < end; ) {
    const to = windowEnd(text, at, end);
    const ends = endsWithin(text, at, to);
    // The window's last sentence may go on behind it: the next window begins with it.
    if (to < end && ends.length > 1) ends.pop();
    yield* ends;
    at = ends.at(-1) ?? to;
  }
}

function endsWithin(text: string, from: number, to: number): number[] {
  const window = text.slice(from, to).replace(/[\r\n]/g, ' ');
  return Array.from(segmenter.segment(window), ({ index, segment }) => from + index + segment.length);
}

/** Between two words where there are any. */
function windowEnd(text: string, from: number, end: number): number {
  if (end - from <= windowLength) return end;
  let at = from + windowLength;
  while (at > from && !/\s/.test(text[at] ?? '')) at--;
  if (at > from) return at;
  const isWithinPair = /[\uDC00-\uDFFF]/.test(text[from + windowLength] ?? '');
  return from + windowLength - (isWithinPair ? 1 : 0);
}
