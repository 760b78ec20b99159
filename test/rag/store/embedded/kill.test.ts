/** A process that is killed while it indexes leaves whole documents: each one that it was told about, and no half of any other. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { Chance } from '../../../support/chance.ts';
import { expectedPassages } from '../../../support/indexed.ts';

const kills = 100;
const child = join(import.meta.dirname, '../../../support/indexing-child.ts');

/** By id: the hashes that the document may have; '' where it may be missing. */
type Possible = Map<string, string[]>;

interface Child {
  readonly process: ChildProcess;
  readonly log: string;
}

/** It waits to be told to go on: to start a process takes longer than all the rest. */
function start(path: string, round: number): Child {
  const log = `${path}.${round}.log`;
  return { process: fork(child, [path, log, String(round)], { execArgv: [] }), log };
}

/** Kills a child that has said so many things; all that it has said tells what may be there now. */
async function indexAndDie({ process, log }: Child, things: number, before: Possible): Promise<Possible> {
  let said = 0;
  process.on('message', () => ++said === things && process.kill('SIGKILL'));
  process.send('go');
  await once(process, 'exit');
  return follow(before, (await readFile(log, 'utf8')).trim().split('\n'));
}

function follow(before: Possible, lines: readonly string[]): Possible {
  const possible = new Map(before);
  for (const line of lines) {
    const [what, id = '', hash = ''] = line.split(' ');
    if (what === 'begin') possible.set(id, [...(possible.get(id) ?? ['']), hash]);
    else possible.set(id, possible.get(id)?.slice(-1) ?? []);
  }
  return possible;
}

/** What is there now, after a look at everything. */
function inspect(path: string, possible: Possible): Possible {
  const database = new DatabaseSync(path);
  const all = (sql: string) => database.prepare(sql).all().map((row) => Object.values(row));
  assert.deepEqual(all('pragma integrity_check'), [['ok']]);
  database.exec("insert into words (words, rank) values ('integrity-check', 1)");
  const there: Possible = new Map([...possible.keys()].map((id) => [id, ['']]));
  for (const [key, id, hash, passages] of all('select key, id, hash, passages from documents')) {
    there.set(String(id), [String(hash)]);
    const expected = expectedPassages(String(hash)).map(({ text }, at) => [at, text, `passage${at}`, 12]);
    const rows = all(`select ordinal, text, substr(body, 1, instr(body || ' ', ' ') - 1), length(vector) from passages join terms on terms.passage = key join vectors on vectors.passage = key where document = ${String(key)} order by ordinal`);
    assert.deepEqual(rows, expected.map(([at, text, word, bytes]) => [at, text, String(word), bytes]));
    assert.equal(passages, expected.length);
  }
  const [counts = []] = all('select (select count(*) from passages), (select count(*) from terms), (select count(*) from vectors), (select sum(passages) from documents), (select count(distinct document) from facets), (select count(*) from documents)');
  const [passages, terms, vectors, sum, facets, documents] = counts;
  assert.deepEqual([terms, vectors, sum ?? 0, facets], [passages, passages, passages, documents]);
  database.close();
  for (const [id, hashes] of there) assert.ok(possible.get(id)?.includes(hashes[0] as string), `${id} is ${String(hashes)}, not one of ${String(possible.get(id))}`);
  return there;
}

test(`after each of ${kills} kills the store is whole, and has all that was acknowledged`, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'knowledge-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'store.db');
  const chance = new Chance(1);
  let there: Possible = new Map();
  let next = start(path, 0);
  t.after(() => next.process.kill('SIGKILL'));
  for (let round = 0; round < kills; round++) {
    const running = next;
    next = start(path, round + 1);
    there = inspect(path, await indexAndDie(running, 3 + chance.below(40), there));
  }
});
