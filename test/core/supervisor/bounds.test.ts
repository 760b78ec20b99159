/** What of the machine a server may have: as its fields say, and as its process has it. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { coresOf, readBounds, readGpus } from '../../../nodes/core/supervisor/bounds.ts';
import { digestOf } from '../../../nodes/core/supervisor/command.ts';
import { launch } from '../../../nodes/core/supervisor/launch.ts';
import { memoryOf } from '../../../nodes/core/supervisor/memory-watch.ts';
import { coreCount, machine } from '../../../nodes/core/supervisor/machine.ts';
import { identityOf, never, supervised } from '../../support/supervised.ts';

// Whether there is a systemd that would answer is for the test to say.
const programs = mkdtempSync(join(tmpdir(), 'programs-'));
writeFileSync(join(programs, 'systemd-run'), '#!/bin/sh\nexit 1\n');
chmodSync(join(programs, 'systemd-run'), 0o755);
process.env['PATH'] = `${programs}${delimiter}${process.env['PATH']}`;
after(() => rmSync(programs, { recursive: true }));

const onLinux = { skip: process.platform !== 'linux' && 'cores are bounded on Linux alone' };

describe('A server', () => {
  test('and its children stay on their cores and are as nice as they should be; it is still the process that was started', onLinux, async (t) => {
    const { another, options } = await supervised(t);
    const { supervisor, until } = another({ command: { ...options.command, env: { CHILD: '1' }, bounds: { cores: `0,${coreCount() + 7}`, niceness: 11 } } });
    supervisor.start();
    const { pid = 0, lines } = await until('ready');
    const child = Number(/child (\d+)/.exec(lines.join())?.[1]);
    for (const each of [pid, child]) {
      assert.match(readFileSync(`/proc/${each}/status`, 'utf8'), /^Cpus_allowed_list:\s+0$/m);
      assert.equal(getPriority(each), 11);
    }
    assert.match(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), /fake-llama-server/);
    assert.ok((await memoryOf(pid)) > (await memoryOf(child)));
  });

  test('that was left behind with the same bounds is adopted, and started anew where they changed', onLinux, async (t) => {
    const { another, options } = await supervised(t);
    const bounded = { ...options, command: { ...options.command, bounds: { cores: '0' } } };
    // As one that was killed has left it: nobody watches over it, and there is a record.
    const left = await launch(bounded, () => undefined, never);
    const pid = left && 'process' in left ? left.process.pid : undefined;
    assert.ok(pid);
    const next = another(bounded);
    next.supervisor.start();
    assert.deepEqual([(await next.until('ready')).pid, next.supervisor.facts.adopted], [pid, true]);
    next.supervisor.configure({ ...next.options, command: { ...bounded.command, bounds: { cores: '0', niceness: 3 } } });
    const { pid: anew } = await next.until(({ state, adopted }) => state === 'ready' && !adopted);
    assert.notEqual(anew, pid);
    assert.equal(getPriority(anew), 3);
  });

  test('that takes more memory than it may is ended, says why, and comes back as after any crash', { skip: process.platform === 'win32' && 'nobody bounds memory on Windows' }, async (t) => {
    const { another, options } = await supervised(t);
    const { supervisor, until } = another({ command: { ...options.command, bounds: { memoryMb: 5 } }, restarts: { ...options.restarts, maxRestarts: 1 } });
    supervisor.start();
    const { crash, restarts, pid } = await until('backoff');
    assert.deepEqual([crash?.reason, crash?.error.kind, restarts, pid], ['bound', 'out_of_memory', 1, undefined]);
    assert.match(crash?.error.message ?? '', /took more memory than it may and was ended\. Let it have more/);
    await until('failed');
  });

  test('within its memory runs on', { skip: process.platform === 'win32' && 'nobody bounds memory on Windows' }, async (t) => {
    const { another, options } = await supervised(t);
    const { supervisor, until } = another({ command: { ...options.command, bounds: { memoryMb: 4_000 } } });
    supervisor.start();
    const { pid = 0 } = await until('ready');
    assert.ok((await memoryOf(pid)) > 5_000_000);
    await supervisor.stop();
    assert.equal(identityOf(pid), undefined);
    assert.equal(await memoryOf(pid), 0);
  });

  test('is not started on cores that there are not', onLinux, async (t) => {
    const { another, options } = await supervised(t);
    const { supervisor, until } = another({ command: { ...options.command, bounds: { cores: String(coreCount()) } }, restarts: { ...options.restarts, maxRestarts: 0 } });
    supervisor.start();
    const { crash } = await until('failed');
    assert.match(crash?.error.message ?? '', new RegExp(`is not started: there are no cores ${coreCount()} here, but 0-${coreCount() - 1}\\.`));
  });

  test('whose program is missing is told so, also behind another program', onLinux, async (t) => {
    const { another, options } = await supervised(t);
    const { supervisor, until } = another({ command: { ...options.command, executable: '/no/such/llama-server', bounds: { cores: '0' } }, restarts: { ...options.restarts, maxRestarts: 0 } });
    supervisor.start();
    assert.equal((await until('failed')).crash?.reason, 'executable');
  });
});

test('The machine tells what it has', async () => {
  const { cores, memoryMb, canBindCores, memoryKeeper } = await machine();
  assert.ok(cores > 0 && memoryMb > 0);
  assert.deepEqual([canBindCores, memoryKeeper], [process.platform === 'linux', process.platform === 'win32' ? 'none' : 'watch']);
});

describe('The fields', () => {
  test('bound nothing where they are empty, and a command without bounds is the one that it was before there were any', () => {
    assert.equal(readBounds({ cores: ' ', niceness: '', maxMemoryMb: undefined }), undefined);
    const command = { executable: 'llama-server', args: ['--port', '1'], env: { A: 'b' } };
    assert.equal(digestOf({ ...command, bounds: undefined }), digestOf(command));
    assert.notEqual(digestOf({ ...command, bounds: { niceness: 0 } }), digestOf(command));
  });

  test('are read, blanks in lists aside', () => {
    assert.deepEqual(readBounds({ cores: '0-3, 6', niceness: '19', maxMemoryMb: 8_000 }), { cores: '0-3,6', niceness: 19, memoryMb: 8_000 });
    assert.deepEqual(coresOf('0-3,6'), [0, 1, 2, 3, 6]);
    assert.deepEqual([readGpus(''), readGpus('0, 1'), readGpus(2), readGpus('-1')].map((env) => env['CUDA_VISIBLE_DEVICES']), [undefined, '0,1', '2', '-1']);
    assert.deepEqual(readGpus('GPU-8932f937-d72c-4106-c12f-20bd9faed9f6'), { CUDA_VISIBLE_DEVICES: 'GPU-8932f937-d72c-4106-c12f-20bd9faed9f6', HIP_VISIBLE_DEVICES: 'GPU-8932f937-d72c-4106-c12f-20bd9faed9f6' });
  });

  for (const [name, value] of [['cores', '0-'], ['cores', '3-1'], ['cores', 'all'], ['cores', '0;reboot'], ['niceness', -5], ['niceness', 20], ['niceness', 1.5], ['maxMemoryMb', 0], ['maxMemoryMb', '2 GB']] as const) {
    test(`cannot hold ${name} ${value}`, () => assert.throws(() => readBounds({ [name]: value }), new RegExp(`RangeError: ${name} must be`)));
  }

  test('cannot hold GPUs that are none', () => assert.throws(() => readGpus('0;1'), /RangeError: gpus must be/));
});
