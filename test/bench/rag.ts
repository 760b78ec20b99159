/** `npm run bench:rag`: how well the knowledge part finds, without any model, and how fast. */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureQuality } from './rag/quality.ts';
import { measureSpeed } from './rag/speed.ts';

const folder = await mkdtemp(join(tmpdir(), 'bench-rag-'));
try {
  console.log(`Node.js ${process.version}, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'})\n`);
  console.log(await measureQuality(folder));
  console.log(`\n${await measureSpeed(folder)}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
