import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { hostname } from 'node:os';
import { describe, test } from 'node:test';
import { isCrossOrigin, isForeignHost } from '../../nodes/core/same-origin.ts';

const cross = (headers: IncomingHttpHeaders, method = 'POST') => isCrossOrigin({ headers, method });

describe('A request of a page of another origin', () => {
  test('is told by its Origin', () => {
    const host = '192.168.1.5:1880';
    assert.ok(!cross({ host, origin: 'http://192.168.1.5:1880' }));
    for (const origin of ['http://192.168.1.5', 'http://192.168.1.5:1881', 'http://evil.example', 'https://evil.example:1880', 'null', '', 'app://obsidian.md', 'not an origin', 'http://']) {
      assert.ok(cross({ host, origin }), origin);
    }
  });

  test('is told by what the browser says of the site, where it says so', () => {
    const host = '127.0.0.1:1880';
    for (const site of ['same-origin', 'none']) assert.ok(!cross({ host, origin: 'https://gateway.example.com', 'sec-fetch-site': site }), 'a proxy has changed the name');
    for (const site of ['cross-site', 'same-site', 'anything']) {
      assert.ok(cross({ host, 'sec-fetch-site': site }), site);
      assert.ok(cross({ host, 'sec-fetch-site': site, origin: 'http://evil.example' }), site);
      for (const method of ['GET', 'HEAD']) assert.ok(!cross({ host, 'sec-fetch-site': site }, method), 'a link, which reads nothing');
    }
  });

  test('is none behind a proxy that says by which name it was asked', () => {
    const behind = { host: '127.0.0.1:1880', origin: 'https://gateway.example.com' };
    assert.ok(cross(behind));
    assert.ok(!cross({ ...behind, 'x-forwarded-host': 'gateway.example.com' }));
    assert.ok(!cross({ ...behind, 'x-forwarded-host': 'gateway.example.com:443, inner:8080' }));
    assert.ok(!cross({ ...behind, origin: 'https://gateway.example.com:8443', 'x-forwarded-host': 'gateway.example.com:8443' }));
    assert.ok(cross({ ...behind, 'x-forwarded-host': 'other.example.com' }));
    assert.ok(!cross({ host: 'gateway.example.com', origin: 'https://gateway.example.com' }), 'the proxy speaks TLS, and hands the name on');
  });

  test('is none of a client that is no browser', () => {
    for (const method of ['GET', 'POST', 'DELETE']) assert.ok(!cross({ host: 'anything.example' }, method));
    assert.ok(!cross({}));
  });
});

describe('A name that may be anybody’s', () => {
  const foreign = (host: string | undefined, known: string[] = [], headers: IncomingHttpHeaders = {}) =>
    isForeignHost({ ...(host !== undefined && { host }), origin: `http://${host}`, ...headers }, known);

  test('is none of an address by its numbers, of this machine or of its network', () => {
    for (const host of ['127.0.0.1:1880', '[::1]:1880', '8.8.8.8', '[2001:db8::1]', 'localhost:1880', 'app.localhost', 'raspberrypi:1880', 'nodered.local', 'box.lan', 'box.home.arpa', hostname()]) {
      assert.ok(!foreign(host), host);
    }
  });

  test('is that of any domain, unless it is known', () => {
    for (const host of ['evil.example', 'evil.example:1880', 'localhost.evil.example', '127.0.0.1.evil.example', 'EVIL.example.', 'evil.example/x', '127.0.0.1:1880@evil.example', '', undefined]) {
      assert.ok(foreign(host), String(host));
    }
    assert.ok(!foreign('gateway.example.com:1880', ['https://gateway.example.com']));
    assert.ok(foreign('gateway.example.com:1880', ['https://other.example.com', 'tauri://gateway.example.com', '*']));
  });

  test('cannot be led here under https: the certificate would be another one', () => {
    assert.ok(!foreign('gateway.example.com', [], { origin: 'https://gateway.example.com' }));
  });

  test('is no matter where no browser asks', () => {
    assert.ok(!isForeignHost({ host: 'evil.example' }, []));
    assert.ok(isForeignHost({ host: 'evil.example', 'sec-fetch-site': 'same-origin' }, []));
  });
});
