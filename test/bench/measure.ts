/** Runs drivers in the flow, round by round, so that all rows meet the same machine. */
import type { FlowNode, TestNodeRed } from '../support/node-red.ts';

export interface Measurement {
  /** In ms. */
  p50: number;
  p99: number;
  /** Requests a second. */
  rate: number;
}

export interface Load {
  count: number;
  concurrency: number;
}

export const at = { z: 'tab', x: 100, y: 100 };
export const prompt = 'Tell me a story.';

/** A driver whose messages go to the node `to` and come back from it, or from what stands behind it. */
export function driver(id: string, to: string, payload: unknown = prompt): FlowNode {
  return { id, type: 'bench-driver', ...at, payload, wires: [[to]] };
}

export async function post<T>(nodeRed: TestNodeRed, path: string, question: object): Promise<T> {
  const response = await fetch(`${nodeRed.url}/bench/${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(question) });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as T;
}

/** The median of the rounds for each row, which is the id of a driver; one round before them only warms up. */
export async function measure<Row extends string>(nodeRed: TestNodeRed, rows: readonly Row[], load: Load, rounds: number): Promise<Record<Row, Measurement>> {
  const results = Object.fromEntries(rows.map((row) => [row, [] as Measurement[]])) as Record<Row, Measurement[]>;
  for (let round = 0; round <= rounds; round++) {
    for (const row of rows) {
      const result = await post<Measurement>(nodeRed, row, load);
      if (round > 0) results[row].push(result);
    }
  }
  return Object.fromEntries(rows.map((row) => [row, middle(results[row])])) as Record<Row, Measurement>;
}

function middle(list: readonly Measurement[]): Measurement {
  const median = (name: keyof Measurement) => list.map((one) => one[name]).sort((a, b) => a - b)[Math.floor(list.length / 2)] as number;
  return { p50: median('p50'), p99: median('p99'), rate: median('rate') };
}
