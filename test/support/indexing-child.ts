/** Puts and removes documents in a store until it is killed; says in a log what it begins and what is acknowledged. Arguments: the path, the log, a number for new texts. */
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { EmbeddedDatabase } from '../../nodes/rag/store/embedded/database.ts';
import { expectedPassages } from './indexed.ts';

const [, , path = '', log = '', round = ''] = process.argv;

function say(line: string): void {
  // What stands in the file is there whatever happens; what is written to a full pipe is not.
  appendFileSync(log, `${line}\n`);
  process.send?.(line);
}

await once(process, 'message');
const database = new EmbeddedDatabase({ path, language: 'en' });
for (let number = 0; ; number++) {
  const id = `d${number % 7}`;
  const hash = `${round}-${number}`;
  const passages = expectedPassages(hash);
  const vectors = passages.map((_, at) => new Float32Array([1, at, number]));
  say(`begin ${id} ${number % 5 === 4 ? '' : hash}`);
  if (number % 5 === 4) database.remove(id);
  else database.put({ id, title: `title ${hash}`, source: '', metadata: `{"round":${round}}`, hash }, passages, { name: 'm', dimensions: 3, vectors });
  say(`end ${id}`);
  await setImmediate();
}
