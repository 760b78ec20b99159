import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isLoopback, isPrivate, isWithin } from '../../nodes/core/addresses.ts';

const here = ['http://localhost:1', 'http://LOCALHOST', 'http://api.localhost', 'http://127.0.0.1', 'http://127.9.9.9:80', 'http://[::1]:8080'];
const near = [
  'http://10.0.0.1',
  'http://172.16.0.1',
  'http://172.31.255.255',
  'http://192.168.1.2:11434/v1',
  'http://100.64.0.1',
  'http://169.254.1.1',
  'http://[fd00::1]',
  'http://[fe80::1]',
  'http://ollama:11434',
  'http://gpu.local',
  'http://host.docker.internal:1234',
];
const far = ['https://api.openai.com', 'http://8.8.8.8', 'http://172.32.0.1', 'http://100.128.0.1', 'http://[2001:db8::1]', 'https://local.example.com'];

describe('An address', () => {
  it('is this machine’s or not', () => {
    for (const url of here) assert.equal(isLoopback(url), true, url);
    for (const url of [...near, ...far]) assert.equal(isLoopback(url), false, url);
  });

  it('is private or not', () => {
    for (const url of [...here, ...near]) assert.equal(isPrivate(url), true, url);
    for (const url of far) assert.equal(isPrivate(url), false, url);
  });

  it('lies within a domain, which is more than that it ends like one', () => {
    for (const url of ['https://openai.com', 'https://eu.api.openai.com/v1', 'https://API.OpenAI.com.']) assert.equal(isWithin(url, 'openai.com'), true, url);
    for (const url of ['https://myopenai.com', 'https://openai.com.example.net', 'https://x.net/openai.com']) assert.equal(isWithin(url, 'openai.com'), false, url);
  });
});
