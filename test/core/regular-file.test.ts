import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { readRegularFile } from '../../nodes/core/regular-file.ts';
import { testFolder } from '../support/folder.ts';

const unix = { skip: process.platform === 'win32' && 'there are none' };

test('a file is read whole, also an empty one and behind a link, up to the bound', async (t) => {
  const folder = testFolder(t, 'a.md');
  for (const size of [0, 1, 5_000_000]) {
    const bytes = Buffer.alloc(size, 'x');
    writeFileSync(folder.at('b.bin'), bytes);
    assert.ok((await readRegularFile(folder.at('b.bin'), 5_000_000)).equals(bytes), String(size));
  }
  symlinkSync('a.md', folder.at('link'));
  assert.equal(String(await readRegularFile(folder.at('link'), 100)), 'a.md');
  await assert.rejects(readRegularFile(folder.at('b.bin'), 4 * 1024 ** 2), { kind: 'invalid_request', message: 'The file is larger than 4 MB. Divide it, or raise the bound.' });
});

test('what is no file is refused at once: a pipe that nobody writes to, a socket, a device, a folder', unix, async (t) => {
  const folder = testFolder(t);
  execFileSync('mkfifo', [folder.at('pipe')]);
  symlinkSync('pipe', folder.at('link'));
  const server = createServer().listen(folder.at('socket'));
  t.after(() => server.close());
  for (const path of [folder.at('pipe'), folder.at('link'), folder.at('socket'), folder.path, '/dev/zero', '/dev/tty']) {
    await assert.rejects(readRegularFile(path, 1024 ** 2), (error: Error & { code?: string }) => error.message === 'It is no file.' || error.code === 'ENOENT', path);
  }
});

test('a file that is longer than it says is read up to the bound', { skip: process.platform !== 'linux' && 'only Linux has /proc' }, async () => {
  assert.match(String(await readRegularFile('/proc/self/status', 1024 ** 2)), /^Name:/);
  await assert.rejects(readRegularFile('/proc/kallsyms', 1024), { message: /larger than/ });
});

test('what is not there is told by the system’s own code', async (t) => {
  await assert.rejects(readRegularFile(testFolder(t).at('none'), 1), { code: 'ENOENT' });
});
