/** What becomes of a stage's ports when its rows change. Port 0 is the answer, then come the rows, last the tokens. */

/** What a node had before its dialog opened. */
export interface PortsBefore {
  readonly rows: number;
  readonly stream: boolean;
}

/**
 * The map from old to new ports that the editor moves the wires by: -1 is a port that goes, a key which is no number one that comes.
 * `origins` has for each row that is there now the place it had before; undefined for an added one.
 */
export function portMap(before: PortsBefore, origins: ReadonlyArray<number | undefined>, stream: boolean): Record<string, number> {
  const map: Record<string, number> = { 0: 0 };
  for (let row = 0; row < before.rows; row++) map[row + 1] = -1;
  for (const [row, origin] of origins.entries()) map[origin === undefined ? `new${row}` : origin + 1] = row + 1;
  if (before.stream) map[before.rows + 1] = stream ? origins.length + 1 : -1;
  else if (stream) map['tokens'] = origins.length + 1;
  return map;
}
