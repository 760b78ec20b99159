/** Puts and removes documents in a store until it is killed; says in a log what it begins and what is acknowledged. Arguments: the path, the log, a number for new texts. */
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { EmbeddedStore } from '../../nodes/rag/store/embedded/embedded-store.ts';
import { expectedPassages } from './indexed.ts';

const [, , path = '', log = '', round = ''] = process.argv;
const store = new EmbeddedStore({ path });
function say(line: string): void {
  // What stands in the file is there whatever happens; what is written to a full pipe is not.
  appendFileSync(log, `${line}\n`);
  process.send?.(line);
}

await once(process, 'message');
for (let number = 0; ; number++) {
  const id = `d${number % 7}`;
  const hash = `${round}-${number}`;
  const passages = expectedPassages(hash);
  say(`begin ${id} ${number % 5 === 4 ? '' : hash}`);
  if (number % 5 === 4) await store.remove(id);
  else await store.put({ id, title: `title ${hash}`, source: '', metadata: { round }, hash }, passages, { model: 'm', vectors: passages.map((_, at) => new Float32Array([1, at, number])) });
  say(`end ${id}`);
}
