import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, secretsOf } from '../../../nodes/core/supervisor/command.ts';
import { readArguments, readEnvironment } from '../../../nodes/core/supervisor/fields.ts';
import { readProgress } from '../../../nodes/core/supervisor/progress.ts';

test('arguments are the lines as they are: blanks, quotes and dollars mean nothing', () => {
  assert.deepEqual(readArguments(' --alias \r\n\nmy "model"; $(rm -rf /) `x`\n'), ['--alias', 'my "model"; $(rm -rf /) `x`']);
  for (const nothing of ['', undefined, null, 5, {}]) assert.deepEqual(readArguments(nothing), []);
});

test('variables are NAME=value, and the value is all that follows', () => {
  assert.deepEqual(readEnvironment('A=1\n# no\n\n_b2=x = "y" #z\r\nEMPTY='), { A: '1', _b2: 'x = "y" #z', EMPTY: '' });
});

test('a line that is no variable is told by its number, for it may be a secret', () => {
  for (const line of ['sk-canary', '=sk-canary', '2A=sk-canary', 'A B=sk-canary', 'A=sk-canary\0']) {
    assert.throws(() => readEnvironment(`OK=1\n${line}`), { name: 'RangeError', message: 'Line 2 of the environment is no NAME=value.' });
  }
});

test('a command is the same whatever the order of its variables, and another with any other word', () => {
  const command = { executable: 'a', args: ['b', 'c'], env: { X: '1', Y: '2' } };
  assert.equal(digestOf(command), digestOf({ ...command, env: { Y: '2', X: '1' } }));
  const others = [{ ...command, executable: 'ab', args: ['c'] }, { ...command, args: ['c', 'b'] }, { ...command, args: ['b,c'] }, { ...command, env: { X: '1' } }, { ...command, env: { X: '2', Y: '1' } }];
  assert.equal(new Set([command, ...others].map(digestOf)).size, 6);
  assert.doesNotMatch(digestOf({ ...command, env: { KEY: 'sk-canary' } }), /canary/);
});

test('secrets are the variables and what follows an argument that names one', () => {
  const args = ['--api-key', 'k1', '-m', 'model', '--hf-token', 't1', '--max-tokens', '5', 'key', 'no'];
  assert.deepEqual(secretsOf({ executable: 'key', args, env: { A: 'v' } }), ['v', 'k1', 't1']);
});

test('progress is read from dots and from percents of what is loaded', () => {
  assert.equal(readProgress('.........'), 9);
  assert.equal(readProgress('Loading safetensors checkpoint shards:  25% Completed | 1/4 [00:01<00:03]'), 25);
  assert.equal(readProgress('Loading 250%'), 100);
  for (const none of ['', '...', 'initializing ...', 'GPU KV cache usage: 35%', 'Hm........ what']) assert.equal(readProgress(none), undefined, none);
});
