/** Where a store keeps what it holds. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { readPlace } from '../../../nodes/rag/knowledge/place.ts';
import { setVariable } from '../../support/environment.ts';

const userDir = join('home', 'me');

test('without settings it is a file in the user folder', () => {
  const path = join(userDir, 'llm-knowledge', 'knowledge.sqlite');
  for (const fields of [{}, { store: '', collection: ' ', language: '' }]) assert.deepEqual(readPlace(fields, userDir), { kind: 'embedded', path, language: 'en' });
  assert.deepEqual(readPlace({ collection: 'docs_2', language: 'de' }, userDir), { kind: 'embedded', path: join(userDir, 'llm-knowledge', 'docs_2.sqlite'), language: 'de' });
});

test('a collection is no path', () => {
  for (const collection of ['../etc', 'a/b', 'A', '1', 'a.b', 'a'.repeat(41), 'ä']) {
    assert.throws(() => readPlace({ collection }, userDir), { name: 'RangeError', message: /^collection must begin with a small letter/ });
  }
});

test('what cannot be is named', () => {
  assert.throws(() => readPlace({ store: 'redis' }, userDir), { message: 'store must be one of embedded, postgres.' });
  assert.throws(() => readPlace({ language: 'klingon' }, userDir), { message: /^language must be/ });
  for (const url of ['', 'localhost', 'http://localhost/db']) assert.throws(() => readPlace({ store: 'postgres', url }, userDir), { kind: 'misconfigured', message: /It is something like postgres:/ });
});

test('a password stands in the credentials, else in PGPASSWORD, and never replaces one in the address', (t) => {
  const urlOf = (fields: object) => {
    const place = readPlace({ store: 'postgres', url: 'postgres://me@db/x', ...fields }, userDir);
    return place.kind === 'postgres' ? place.url : '';
  };
  setVariable(t, 'PGPASSWORD', 'from env');
  assert.equal(urlOf({ password: 'a/b' }), 'postgres://me:a%2Fb@db/x');
  assert.equal(urlOf({}), 'postgres://me:from%20env@db/x');
  assert.equal(urlOf({ url: 'postgres://me:own@db/x', password: 'other' }), 'postgres://me:own@db/x');
  setVariable(t, 'DATABASE_URL', 'postgres://there/y');
  assert.equal(urlOf({ url: '', password: 'p' }), 'postgres://:p@there/y');
});
