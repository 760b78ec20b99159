/** `npm run bench:rag`: how well the knowledge part finds, without any model, and how fast. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureQuality } from './rag/quality.ts';

const folder = await mkdtemp(join(tmpdir(), 'bench-rag-'));
try {
  console.log(await measureQuality(folder));
} finally {
  await rm(folder, { recursive: true, force: true });
}
