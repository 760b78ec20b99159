/** What a grant or a cancel does to the line while it is served. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled } from '../support/fake-time.ts';
import { gone, lineOf } from '../support/waiting-line.ts';

test('a grant that cancels others who wait, before and behind, takes nothing from anybody', async (t) => {
  const { line, ends, join, serve, nothingLeft } = lineOf(t);
  const before = join('before');
  join('middle', {
    tryGrant: () => {
      before.abort(gone);
      behind.abort(gone);
      return 'all';
    },
  });
  const behind = join('behind', { tryGrant: () => assert.fail('It was asked.') });
  join('last', { tryGrant: () => 'rest' });
  const patient = join('patient');
  await serve();
  assert.deepEqual(ends, ['before: Gone.', 'behind: Gone.', 'middle got all', 'last got rest']);
  assert.equal(line.length, 1);
  patient.abort(gone);
  nothingLeft();
});

test('who is cancelled while it gets something has it; who gets nothing leaves', async (t) => {
  const { ends, join, serve, nothingLeft } = lineOf(t);
  const getsIt = join('a', {
    tryGrant: () => {
      getsIt.abort(gone);
      return 'it';
    },
  });
  const getsNothing = join('b', { tryGrant: () => (getsNothing.abort(gone), undefined) });
  await serve();
  assert.deepEqual(ends, ['a got it', 'b: Gone.']);
  nothingLeft();
});

test('a signal that frees something as it aborts does not give it to who waits by the same signal', async (t) => {
  const { line, free, ends, join, nothingLeft } = lineOf(t);
  const controller = new AbortController();
  const release = () => {
    free.add('it');
    line.serve();
  };
  controller.signal.addEventListener('abort', release, { once: true });
  join('cancelled', { signal: controller.signal });
  join('next');
  controller.abort(gone);
  await settled();
  assert.deepEqual(ends, ['cancelled: Gone.', 'next got it']);
  nothingLeft();
});

test('what becomes free while the line is served is offered from the front again, to each only once', async (t) => {
  const { line, ends, free, join, serve, tryTake, nothingLeft } = lineOf(t);
  join('front', { tryGrant: tryTake('late') });
  join('giver', {
    tryGrant: () => {
      free.add('late');
      line.serve();
      return 'it';
    },
  });
  await serve();
  assert.deepEqual(ends, ['giver got it', 'front got late']);
  nothingLeft();
});
