/** Ports beside Node-RED's: who shares them, when they open, and what keeps them from it. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { request } from 'node:https';
import { connect as connectTls } from 'node:tls';
import { describe, it, type TestContext } from 'node:test';
import type { NodeAPI } from 'node-red';
import type { Listening, Tls } from '../../../nodes/core/listening.ts';
import { ownPort, type Tenancy } from '../../../nodes/runtime/http/own-port.ts';
import type { Mounted } from '../../../nodes/runtime/http/places.ts';
import { type Certificate, selfSignedCertificate } from '../../support/certificate.ts';
import { testFolder } from '../../support/folder.ts';
import { freePort, opened } from '../../support/port.ts';

/** A Node-RED whose flows run, with what it has written into its log. */
function runtime(t: TestContext, settings: object = {}) {
  const events = new EventEmitter();
  const warnings: string[] = [];
  const RED = { events, settings, log: { warn: (text: string) => warnings.push(text) } } as unknown as NodeAPI;
  const deploy = async (change: () => void) => {
    events.emit('flows:stopping', { config: {} });
    change();
    events.emit('flows:started', { config: {} });
    await new Promise(setImmediate);
  };
  const tenancies: Tenancy[] = [];
  t.after(() => deploy(() => tenancies.forEach((tenancy) => tenancy.leave())));
  /** Says its name and what is left of the path. */
  const join = (port: number, path: string, { host = '127.0.0.1', tls = { kind: 'off' } }: { host?: string; tls?: Tls } = {}) => {
    const listening: Listening = { port, host, tls };
    const changes = new EventEmitter();
    const mounted: Mounted = {
      handle: (_req, res, rest) => void res.end(`${path} ${rest}`),
      knows: () => true,
      readsBody: () => true,
      turnAway: (_req, res, _rest, absence) => void res.writeHead(503).end(absence),
    };
    const tenancy = ownPort(RED, port).join({ owner: path, path, listening, mounted, holdMs: 1_000, onTurn: () => undefined, onChange: () => changes.emit('change') });
    tenancies.push(tenancy);
    /** Resolves when the trouble fits. */
    const until = async (fits: (message: string | undefined) => boolean) => {
      while (!fits(tenancy.trouble?.message)) await once(changes, 'change');
    };
    return { tenancy, until };
  };
  return { RED, events, warnings, deploy, join };
}

async function get(port: number, path: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return `${response.status} ${await response.text()}`;
}

const isRefused = (port: number) => get(port, '/').then(() => false, () => true);

describe('A port of one’s own', () => {
  it('opens when the flows run, and is shared by paths', async (t) => {
    const port = await freePort();
    const { deploy, join } = runtime(t);
    await deploy(() => {
      join(port, '/v1');
      join(port, '/llm/metrics');
    });
    await opened(port);
    assert.deepEqual([await get(port, '/v1/models?a=b'), await get(port, '/llm/metrics')], ['200 /v1 /models', '200 /llm/metrics ']);
    assert.match(await get(port, '/other'), /^404 \{"error":\{"message":"There is nothing at this path\."/);
  });

  it('stays open through a deploy of all that is there, and requests wait', async (t) => {
    const port = await freePort();
    const { deploy, events, join } = runtime(t);
    let first: Tenancy | undefined;
    await deploy(() => (first = join(port, '/v1').tenancy));
    await opened(port);
    events.emit('flows:stopping', { config: {} });
    first?.leave();
    const late = get(port, '/v1/late');
    join(port, '/v1');
    events.emit('flows:started', { config: {} });
    assert.equal(await late, '200 /v1 /late');
  });

  it('closes when no node wants it any more', async (t) => {
    const port = await freePort();
    const { deploy, join } = runtime(t);
    let only: Tenancy | undefined;
    await deploy(() => (only = join(port, '/v1').tenancy));
    await opened(port);
    await deploy(() => only?.leave());
    while (!(await isRefused(port)));
  });

  it('has the settings of its first node: one that wants others is told, and comes in when that one goes', async (t) => {
    const port = await freePort();
    const { deploy, join } = runtime(t);
    let first: Tenancy | undefined;
    let second: ReturnType<typeof join> | undefined;
    await deploy(() => {
      first = join(port, '/v1').tenancy;
      second = join(port, '/v2', { host: '127.0.0.2' });
    });
    await opened(port);
    await second?.until((message) => message?.includes('has another host or certificate') === true);
    assert.deepEqual([await get(port, '/v1'), (await get(port, '/v2')).slice(0, 3)], ['200 /v1 ', '404']);
    await deploy(() => first?.leave());
    await second?.until((message) => message === undefined);
    while (!(await isRefused(port)));
    const response = await fetch(`http://127.0.0.2:${port}/v2`);
    assert.equal(await response.text(), '/v2 ');
  });

  it('that another program has is told, and taken when that one goes', async (t) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const { deploy, join } = runtime(t);
    let node: ReturnType<typeof join> | undefined;
    await deploy(() => (node = join(port, '/v1')));
    await node?.until((message) => message === `Port ${port} cannot be opened: another program, or Node-RED itself, listens there. It is tried again.`);
    other.close();
    await node?.until((message) => message === undefined);
    assert.equal(await get(port, '/v1'), '200 /v1 ');
  });
});

describe('A certificate', () => {
  const subjectAt = async (port: number) => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  };

  it('comes from files, is read again in a deploy, and broken files change nothing', async (t) => {
    const folder = testFolder(t);
    const write = ({ cert, key }: Certificate) => {
      writeFileSync(folder.at('cert.pem'), cert);
      writeFileSync(folder.at('key.pem'), key);
    };
    write(selfSignedCertificate());
    const port = await freePort();
    const { deploy, join, warnings } = runtime(t, { userDir: folder.path });
    await deploy(() => void join(port, '/v1', { tls: { kind: 'files', cert: 'cert.pem', key: folder.at('key.pem') } }));
    await opened(port);
    const before = await subjectAt(port);
    const req = request({ port, host: '127.0.0.1', path: '/v1/x', rejectUnauthorized: false }).end();
    const [res] = (await once(req, 'response')) as [AsyncIterable<Buffer>];
    for await (const piece of res) assert.equal(String(piece), '/v1 /x');
    write({ cert: 'nonsense', key: 'nonsense' });
    await deploy(() => undefined);
    while (warnings.length === 0) await new Promise(setImmediate);
    assert.match(warnings[0] ?? '', /goes on with the certificate that it has/);
    assert.equal(await subjectAt(port), before);
    write(selfSignedCertificate());
    await deploy(() => undefined);
    while ((await subjectAt(port)) === before);
  });

  it('that is missing is told', async (t) => {
    for (const [tls, message] of [
      [{ kind: 'files', cert: '/nowhere/cert.pem', key: '/nowhere/key.pem' }, /ENOENT.*nowhere/],
      [{ kind: 'node-red' }, /Node-RED’s settings file has no https\./],
    ] as const) {
      await t.test(tls.kind, async (t) => {
        const port = await freePort();
        const { deploy, join } = runtime(t);
        let node: ReturnType<typeof join> | undefined;
        await deploy(() => (node = join(port, '/v1', { tls })));
        await node?.until((told) => message.test(told ?? ''));
      });
    }
  });

  it('may be Node-RED’s own, also where that comes from a function', async (t) => {
    for (const as of [(https: object) => https, (https: object) => () => Promise.resolve(https)]) {
      const port = await freePort();
      const { deploy, join } = runtime(t, { https: as(selfSignedCertificate()) });
      await deploy(() => void join(port, '/v1', { tls: { kind: 'node-red' } }));
      await opened(port);
      assert.ok(await subjectAt(port));
    }
  });
});
