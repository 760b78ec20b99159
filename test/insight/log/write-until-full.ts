/** Writes a log in batches of three lines, in a process that may write no long files, and says what came of it. */
import { RotatingFile } from '../../../nodes/insight/log/rotating-file.ts';

// Who listens to the signal gets the failure from the write, as with a disk that is full.
process.on('SIGXFSZ', () => undefined);

const told: string[] = [];
const file = new RotatingFile({ path: process.argv[2] ?? '', maxBytes: 1e6, files: 2, onTrouble: (code) => told.push(code), onRecovery: () => told.push('recovery') });
let written = 0;
for (let batch = 0; batch < 8; batch++) {
  for (let line = 0; line < 3; line++) file.write(JSON.stringify({ index: written++, text: 'x'.repeat(80) }));
  await file.close();
}
console.log(JSON.stringify({ told, lost: file.lost, written }));
