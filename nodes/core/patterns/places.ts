/** Where in a text something stands. */

/** From where to where, the end not included. */
export type Place = readonly [start: number, end: number];

/** All places that fit a global expression and are not empty. */
export function placesOf(expression: RegExp, text: string): Place[] {
  const places: Place[] = [];
  for (const { index, 0: match } of text.matchAll(expression)) if (match !== '') places.push([index, index + match.length]);
  return places;
}
