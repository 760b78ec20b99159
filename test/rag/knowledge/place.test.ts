/** Where a store keeps what it holds. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { addressOf, borrowsPassword, readPlace } from '../../../nodes/rag/knowledge/place.ts';
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

test('an address of its own that has no password borrows that of the environment', (t) => {
  const fields = { store: 'postgres', url: 'postgres://me@elsewhere/x' };
  setVariable(t, 'PGPASSWORD', '');
  assert.equal(borrowsPassword(fields), false);
  setVariable(t, 'PGPASSWORD', 'secret');
  assert.equal(borrowsPassword(fields), true);
  for (const other of [{ ...fields, password: 'typed' }, { ...fields, url: '' }, { ...fields, url: 'postgres://me:own@elsewhere/x' }, { store: 'embedded' }]) assert.equal(borrowsPassword(other), false);
});

test('where a password goes is the whole address, without the password', () => {
  const placeOf = (url: string) => addressOf(readPlace({ store: 'postgres', url, password: 'secret' }, userDir));
  assert.equal(placeOf('postgres://me@db/x'), 'postgres://me@db/x');
  assert.notEqual(placeOf('postgres://me@db/x?host=elsewhere'), placeOf('postgres://me@db/x'));
  assert.notEqual(placeOf('postgres://you@db/x'), placeOf('postgres://me@db/x'));
});
