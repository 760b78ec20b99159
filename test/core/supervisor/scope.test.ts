/** Where systemd can bound the memory of a server, it does. Its part is played by a script: it needs no systemd to answer. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';
import { machine } from '../../../nodes/core/supervisor/machine.ts';
import { supervised } from '../../support/supervised.ts';

const programs = mkdtempSync(join(tmpdir(), 'programs-'));
const told = join(programs, 'told');
/** It becomes the program behind the two hyphens, as systemd-run does with --scope. */
const script = `#!/bin/sh
echo "$*" >> ${told}
while [ "$1" != -- ]; do shift; done
shift
exec "$@"
`;
writeFileSync(join(programs, 'systemd-run'), script);
chmodSync(join(programs, 'systemd-run'), 0o755);
process.env['PATH'] = `${programs}${delimiter}${process.env['PATH']}`;
after(() => rmSync(programs, { recursive: true }));

test('A server whose memory is bounded runs in a scope of systemd, and is still the process that was started', { skip: process.platform !== 'linux' && 'systemd is Linux’s alone' }, async (t) => {
  const { another, options } = await supervised(t);
  const { supervisor, until } = another({ command: { ...options.command, bounds: { cores: '0', memoryMb: 4_000 } } });
  supervisor.start();
  const { pid } = await until('ready');
  assert.match(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), /fake-llama-server/);
  const user = process.getuid?.() === 0 ? '' : '--user ';
  const [probe, run] = readFileSync(told, 'utf8').split('\n');
  assert.equal(probe, `--scope --quiet --collect ${user}-- true`);
  assert.ok(run?.startsWith(`--scope --quiet --collect ${user}-p MemoryMax=4000M -p MemorySwapMax=0 -- taskset -c 0 ${options.command.executable} --host`), run);
  assert.equal((await machine()).memoryKeeper, 'kernel');
});
