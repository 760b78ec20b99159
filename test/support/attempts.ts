/** Whether the attempts of a request tell a story that its tree of stages allows. */
import assert from 'node:assert/strict';
import type { AttemptRecord } from '../../nodes/core/completion.ts';
import type { FailureKind } from '../../nodes/core/errors.ts';
import { type Row, type StageTree, twinOf } from './trees.ts';

/** The last attempt of an answer is the one that answered, and all others failed. */
export function checkOutcomes(attempts: readonly AttemptRecord[], isAnswered: boolean): void {
  const outcomes = attempts.map(({ outcome }) => outcome === 'ok');
  assert.equal(outcomes.indexOf(true), isAnswered ? attempts.length - 1 : -1, 'The last attempt of an answer is ok, and no other.');
  for (const { outcome, error } of attempts) assert.equal(error === undefined, outcome === 'ok');
}

/** The branches are those of the tree, in an order in which its stages try them. */
export function checkPaths(tree: StageTree, attempts: readonly AttemptRecord[]): void {
  const runs = runsOf(tree, attempts);
  const order = runs.map(({ row }) => tree.rows.indexOf(row));
  switch (tree.type) {
    case 'llm-fallback':
      assert.deepEqual(order, order.map((_, index) => index), 'A fallback tries its rows in order and leaves none out.');
      for (const { row, inner } of runs.slice(0, -1)) checkLeadsOn(row, inner);
      break;
    case 'llm-pool':
      assert.equal(new Set(order).size, order.length, 'A pool tries no member twice.');
      assert.ok(order.length <= (tree.config['attempts'] as number));
      break;
    case 'llm-router':
      checkRouter(tree, runs.map(({ row }) => row));
  }
  for (const { row, inner } of runs) checkBranch(row, inner);
}

interface Run {
  row: Row;
  /** The attempts in its branch; the paths begin below the row. */
  inner: AttemptRecord[];
}

function runsOf(tree: StageTree, attempts: readonly AttemptRecord[]): Run[] {
  const runs: Run[] = [];
  for (const { branch = '', ...attempt } of attempts) {
    const [name, ...rest] = branch.split(' / ');
    const row = tree.rows.find((one) => one.name === name);
    assert.ok(row, `${tree.id} has no branch “${name}”.`);
    if (runs.at(-1)?.row !== row) runs.push({ row, inner: [] });
    runs.at(-1)?.inner.push({ ...attempt, ...(rest.length > 0 && { branch: rest.join(' / ') }) });
  }
  return runs;
}

/** What failed at a backend that is the branch must lead on; a stage in the branch may have failed with something else. */
function checkLeadsOn({ branch, config }: Row, inner: readonly AttemptRecord[]): void {
  const { error } = inner.at(-1) ?? {};
  // Cancelled by a deploy, it is unavailable to the stage.
  if (!branch.rows && error !== 'cancelled') assert.ok((config['on'] as FailureKind[]).includes(error as FailureKind), `${error} leads on.`);
}

/** After the row that was chosen come those below it, and then those from the top. */
function checkRouter({ rows }: StageTree, tried: readonly Row[]): void {
  const answering = rows.filter(({ config }) => config['shadow'] !== true);
  const first = tried[0] && answering.indexOf(tried[0]);
  if (first === undefined) return;
  const expected = [...answering.slice(first), ...answering.slice(0, first)].slice(0, tried.length);
  assert.deepEqual(tried, expected, 'A router goes on row by row.');
  for (const { config } of tried.slice(0, -1)) assert.equal(config['onFailure'], 'next');
}

function checkBranch({ name, branch }: Row, inner: AttemptRecord[]): void {
  const [first] = inner;
  // Where the branch told of no attempts, there is one record for all of it.
  if (first?.branch === undefined && first?.backend === name) assert.equal(inner.length, 1);
  else if (branch.rows) checkPaths(branch, inner);
  else checkBackend([branch.id, twinOf(branch)], inner);
}

/** All attempts are those of one of the backends. */
function checkBackend(names: readonly string[], inner: readonly AttemptRecord[]): void {
  const [first] = inner;
  assert.ok(names.includes(first?.backend ?? ''), `${first?.backend} is no backend of the branch ${names[0]}.`);
  for (const { backend, branch } of inner) assert.deepEqual([backend, branch], [first?.backend, undefined]);
}
