/** What a Postgres store says when its database does not do what it should. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test, type TestContext } from 'node:test';
import { PostgresStore, type PostgresOptions } from '../../../../nodes/rag/store/postgres/postgres-store.ts';
import { startPostgres } from '../../../support/postgres.ts';
import { document, failureOf, passage } from '../places.ts';

const secret = 'secret-7d2c';

function open(t: TestContext, options: Partial<PostgresOptions> & { url: string }): PostgresStore {
  const store = new PostgresStore({ collection: 'notes', ...options });
  t.after(() => store.close());
  return store;
}

/** A server that answers any client with this error. */
async function refusing(t: TestContext, code: string): Promise<string> {
  const fields = `SFATAL\0VFATAL\0C${code}\0Mpassword ${secret} is wrong\0\0`;
  const error = Buffer.concat([Buffer.from('E'), Buffer.alloc(4), Buffer.from(fields)]);
  error.writeInt32BE(error.length - 1, 1);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const refusals: Array<[code: string, kind: string, says: RegExp]> = [
  ['28P01', 'auth', /refuses the user or the password\. Look at both/],
  ['28000', 'auth', /refuses the user/],
  ['3D000', 'not_found', /no such database/],
  ['42501', 'auth', /may not do this/],
  ['53300', 'overloaded', /no more connections/],
  ['53100', 'unavailable', /disk .* is full/],
  ['57P03', 'unavailable', /cannot be reached/],
  ['57014', 'timeout', /took too long/],
  ['54000', 'invalid_request', /too long for Postgres/],
  ['XX000', 'server', /failed \(XX000\)/],
];

for (const [code, kind, says] of refusals) {
  test(`the database says ${code}`, async (t) => {
    const host = await refusing(t, code);
    const error = await failureOf(open(t, { url: `postgres://ann:${secret}@${host}/db` }).get('a'));
    assert.equal(error.kind, kind);
    assert.match(error.message, says);
    assert.ok(!JSON.stringify([error.message, error.cause, error.stack]).includes(secret));
  });
}

test('where nothing listens it says so, and the next call tries again', async (t) => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  server.close();
  const store = open(t, { url: `postgres://ann:${secret}@${host}/db` });
  for (let tries = 0; tries < 2; tries++) {
    const { kind, message, hint } = await failureOf(store.facts());
    assert.deepEqual([kind, message, hint], ['unavailable', `The database at ${host} cannot be reached. ${hint}`, 'Start it, or look at the address.']);
  }
});

test('a server that says nothing is given up in time', async (t) => {
  const server = createServer((socket) => socket.on('error', () => undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const error = await failureOf(open(t, { url: `postgres://ann:${secret}@127.0.0.1:${(server.address() as AddressInfo).port}/db`, connectTimeoutMs: 50 }).facts());
  assert.equal(error.kind, 'unavailable');
});

test('what is no address is told without it', async (t) => {
  for (const url of [`postgres://ann:${secret}@host:port/db`, `http//${secret}`, '']) {
    const error = await failureOf(open(t, { url }).facts());
    assert.ok(!`${error.message} ${error.stack}`.includes(secret), error.message);
    assert.match(error.kind, /misconfigured|unavailable/);
  }
});

test('the name of a collection is one that Postgres keeps as it is', () => {
  for (const collection of ['', 'A', '1a', 'a-b', 'a"; drop table x; --', 'a'.repeat(41), 'ä']) {
    assert.throws(() => new PostgresStore({ url: 'postgres://x', collection }), { name: 'LlmError', kind: 'misconfigured' });
  }
});

test('without pgvector words are found, and vectors are refused with what to do', async (t) => {
  const postgres = await startPostgres({ withVectors: false });
  const store = open(t, { url: postgres.url });
  t.after(() => postgres.stop());
  await store.put(document('a'), [passage('whale')]);
  const { kind, hint } = await failureOf(store.put(document('b'), [passage('whale')], { model: 'm', vectors: [new Float32Array([1])] }));
  assert.deepEqual([kind, hint], ['misconfigured', 'Install pgvector there, or search by words only.']);
  assert.deepEqual((await store.searchWords('whales', { limit: 5 })).map(({ document: { id } }) => id), ['a']);
});

test('a collection of a newer version or of another language is left alone, until it is cleared', async (t) => {
  const postgres = await startPostgres();
  t.after(() => postgres.stop());
  const english = open(t, { url: postgres.url });
  await english.put(document('a'), [passage('whale')]);
  const german = open(t, { url: postgres.url, language: 'de' });
  for (const { kind, hint } of await Promise.all([german.put(document('b'), []), german.searchWords('Wal', { limit: 1 })].map(failureOf))) {
    assert.deepEqual([kind, hint], ['misconfigured', 'Choose that language, or clear the collection and index everything again.']);
  }
  await german.clear();
  await german.put(document('b'), [passage('Häuser')]);
  assert.equal((await german.searchWords('Haus', { limit: 1 })).length, 1);
  await postgres.database.exec(`update "llm_notes_settings" set value = '99' where name = 'version'`);
  const newer = open(t, { url: postgres.url });
  assert.equal((await failureOf(newer.facts())).hint, 'Update the palette, or choose another collection.');
});
