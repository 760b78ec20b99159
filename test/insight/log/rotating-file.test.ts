/** A log file that is full, that cannot be written, and that can be again. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { RotatingFile, type RotatingFileOptions } from '../../../nodes/insight/log/rotating-file.ts';
import { FakeTime } from '../../support/fake-time.ts';
import { testFolder } from '../../support/folder.ts';

function open(t: TestContext, options: Partial<RotatingFileOptions> = {}) {
  const folder = testFolder(t);
  const told: string[] = [];
  const file = new RotatingFile({
    path: folder.at('logs/requests.log'),
    maxBytes: 100,
    files: 3,
    onTrouble: (code) => told.push(code),
    onRecovery: (lost) => told.push(`lost ${lost}`),
    ...options,
  });
  const read = (name = 'requests.log') => readFileSync(folder.at(`logs/${name}`), 'utf8');
  return { folder, told, file, read };
}

test('Lines are appended, in a folder that is made, to a file that may be there', async (t) => {
  const { file, read, folder } = open(t);
  file.write('one');
  file.write('two');
  await file.close();
  const again = new RotatingFile({ path: folder.at('logs/requests.log'), maxBytes: 100, files: 3, onTrouble: assert.fail, onRecovery: () => assert.fail() });
  again.write('three');
  await again.close();
  assert.equal(read(), 'one\ntwo\nthree\n');
});

test('A full file begins anew, and only so many are kept, each line whole and in order', async (t) => {
  const line = fc.string({ unit: fc.constantFrom('a', 'b', 'ü', '…'), maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(line, { maxLength: 6 }), { maxLength: 12 }), fc.integer({ min: 1, max: 4 }), async (batches, files) => {
      const { file, folder, read, told } = open(t, { files });
      for (const lines of batches) {
        for (const line of lines) file.write(line);
        await file.close();
      }
      const names = existsSync(folder.at('logs')) ? readdirSync(folder.at('logs')).sort().toReversed() : [];
      assert.ok(names.length <= files);
      const texts = names.map((name) => read(name));
      const all = batches.flat();
      const kept = texts.join('').split('\n').slice(0, -1);
      assert.deepEqual(kept, kept.length === 0 ? [] : all.slice(-kept.length));
      // One that is longer than a file has one of its own.
      for (const text of texts) assert.ok(Buffer.byteLength(text) <= 100 || text.split('\n').length === 2);
      if (names.length < files) assert.equal(kept.length, all.length);
      assert.deepEqual(told, []);
    }),
    { numRuns: 100 },
  );
});

test('With the disk gone, who writes is not held up, and lines come again when it is back', async (t) => {
  const { folder, file, told, read } = open(t);
  writeFileSync(folder.at('logs'), 'a file in the place of the folder');
  for (let count = 0; count < 100; count++) {
    file.write('lost');
    await file.close();
  }
  assert.deepEqual([told, file.lost], [['EEXIST'], 100]);
  rmSync(folder.at('logs'));
  file.write('kept');
  await file.close();
  assert.deepEqual([read(), told, file.lost], ['kept\n', ['EEXIST', 'lost 100'], 0]);
});

test('A full disk loses lines, and says so once', { skip: !existsSync('/dev/full') && 'no /dev/full here' }, async (t) => {
  const { file, told } = open(t, { path: '/dev/full' });
  for (let count = 0; count < 10; count++) {
    file.write('lost');
    await file.close();
  }
  assert.deepEqual([told, file.lost], [['ENOSPC'], 10]);
});

test('A file that somebody takes away is made anew', async (t) => {
  const { folder, file, read } = open(t);
  file.write('gone');
  await file.close();
  rmSync(folder.at('logs/requests.log'));
  file.write('new');
  await file.close();
  assert.equal(read(), 'new\n');
});

test('A folder that somebody takes away is made anew, with the next line', async (t) => {
  const { folder, file, told, read } = open(t);
  for (const line of ['gone', 'lost', 'new']) {
    file.write(line);
    await file.close();
    if (line === 'gone') rmSync(folder.at('logs'), { recursive: true });
  }
  assert.deepEqual([read(), told], ['new\n', ['ENOENT', 'lost 1']]);
});

test('What waits for a slow disk is bounded, and told as lost', async (t) => {
  const { file, told } = open(t, { maxBytes: 10_000_000 });
  const line = 'x'.repeat(999_999);
  for (let count = 0; count < 7; count++) file.write(line);
  assert.ok(file.lost >= 2);
  const { lost } = file;
  await file.close();
  assert.deepEqual(told, [`lost ${lost}`]);
});

test('Lines that come one after the other are written together', async (t) => {
  const time = new FakeTime(t);
  const { file, folder, read } = open(t, { maxBytes: 1_000 });
  for (let line = 0; line < 20; line++) {
    file.write(`${line}`);
    await time.advance(4);
  }
  assert.ok(!existsSync(folder.at('logs')));
  await time.advance(20);
  file.write('later');
  // What is being written may take its time; who closes does not wait for more lines.
  await file.close();
  assert.equal(read(), `${Array.from({ length: 20 }, (_, line) => line).join('\n')}\nlater\n`);
});

const modes = { skip: process.platform === 'win32' && 'Windows has no such rights' };

test('The log and those before it are their user’s alone, and so is a folder that is made for them', modes, async (t) => {
  const { file, folder } = open(t);
  for (const letter of ['a', 'b', 'c']) {
    file.write(letter.repeat(90));
    await file.close();
  }
  assert.deepEqual(['logs', 'logs/requests.log', 'logs/requests.log.1', 'logs/requests.log.2'].map((name) => modeOf(folder.at(name))), ['700', '600', '600', '600']);
});

test('What an earlier version left open to everybody is closed with the first line; a folder that was there stays as it is', modes, async (t) => {
  const { file, folder } = open(t);
  folder.write('logs/requests.log', 'logs/requests.log.2', 'logs/other.log');
  chmodSync(folder.at('logs'), 0o755);
  for (const name of ['requests.log', 'requests.log.2', 'other.log']) chmodSync(folder.at(`logs/${name}`), 0o644);
  file.write('one');
  await file.close();
  assert.deepEqual(['logs', 'logs/requests.log', 'logs/requests.log.2', 'logs/other.log'].map((name) => modeOf(folder.at(name))), ['755', '600', '600', '644']);
});

test('A log that a person gave to a group stays the group’s, and so does the next one', modes, async (t) => {
  const { file, folder } = open(t);
  folder.write('logs/requests.log');
  chmodSync(folder.at('logs/requests.log'), 0o640);
  for (const letter of ['a', 'b']) {
    file.write(letter.repeat(90));
    await file.close();
  }
  assert.deepEqual(['requests.log', 'requests.log.1', 'requests.log.2'].map((name) => modeOf(folder.at(`logs/${name}`))), ['640', '640', '640']);
});

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

test('A line that a killed process has left unfinished is not continued', async (t) => {
  const { file, folder, read } = open(t);
  folder.write('logs/requests.log');
  for (const line of ['one', 'two']) {
    file.write(line);
    await file.close();
  }
  assert.equal(read(), 'logs/requests.log\none\ntwo\n');
});

test('A disk that becomes full in the middle of a line takes none of it', { skip: process.platform !== 'linux' && 'needs the limits of Linux’s shells' }, (t) => {
  const { folder, read } = open(t);
  const script = join(import.meta.dirname, 'write-until-full.ts');
  // 512 or 1024 bytes, as the shell counts.
  const { stdout, stderr } = spawnSync('/bin/sh', ['-c', `ulimit -f 1 && exec '${process.execPath}' '${script}' '${folder.at('logs/requests.log')}'`], { encoding: 'utf8' });
  const { told, lost, written } = JSON.parse(stdout || JSON.stringify({ told: stderr })) as { told: string[]; lost: number; written: number };
  assert.deepEqual(told, ['EFBIG']);
  const lines = read().split('\n');
  assert.equal(lines.pop(), '');
  // Each batch had three lines, and each line is whole.
  assert.ok(lines.length > 0 && lines.length % 3 === 0);
  assert.equal(lines.length, written - lost);
  lines.forEach((line, index) => assert.deepEqual(JSON.parse(line), { index, text: 'x'.repeat(80) }));
});
