/** `npm run bench:rag`: how well the knowledge part finds, without any model, and how fast. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureQuality } from './rag/quality.ts';
import { measureSpeed } from './rag/speed.ts';
import { report } from './report.ts';

const folder = await mkdtemp(join(tmpdir(), 'bench-rag-'));
try {
  const quality = await measureQuality(folder);
  report('Knowledge', `${quality}\n\n${await measureSpeed(folder)}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
