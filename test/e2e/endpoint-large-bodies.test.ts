/** Bodies within the bound of bytes that would be millions of values: a Node-RED with little memory refuses them while they come, and serves everybody else. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { maxValues } from '../../nodes/core/bounded-json.ts';
import { cleanEnvironment } from '../support/environment.ts';
import { startNodeRed, type TestNodeRed } from '../support/node-red.ts';

cleanEnvironment();

const at = { z: 'tab', x: 0, y: 0 };
const honest = JSON.stringify({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'Hello' }] });

/** A good request with one field more, which no API knows. */
const withField = (value: string) => `${honest.slice(0, -1)},"unknown":${value}}`;

const bodies = {
  '20 MB of empty objects': () => withField(`[${'{},'.repeat(6_600_000)}{}]`),
  '20 MB of empty lists in messages': () => `{"messages":[${'[],'.repeat(6_600_000)}[]]}`,
  '1.4 million members': () => withField(`{${Array.from({ length: 1_400_000 }, (_, id) => `"m${id}":0`).join(',')}}`),
  '20 MB of brackets': () => withField('['.repeat(20_000_000)),
} as const;

describe('A body of so many values', () => {
  let nodeRed: TestNodeRed;

  before(async () => {
    nodeRed = await startNodeRed({
      flows: [
        { id: 'tab', type: 'tab', label: 'Test' },
        { id: 'endpoint', type: 'llm-endpoint', ...at, path: '/v1', access: 'everybody', wires: [['echo']] },
        { id: 'echo', type: 'llm-echo', ...at, tokensPerSecond: 0, wires: [[]] },
      ],
      env: { NODE_OPTIONS: '--max-old-space-size=160' },
    });
  });

  after(() => nodeRed?.stop());

  const post = (path: string, body: string) => fetch(`${nodeRed.url}/v1${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });

  for (const [what, make] of Object.entries(bodies)) {
    test(`is refused in the form of the API, with the bound that it breaks: ${what}`, async () => {
      const body = make();
      for (const path of ['/chat/completions', '/messages']) {
        const attacks = Array.from({ length: 3 }, () => post(path, body));
        // Meanwhile.
        for (let request = 0; request < 5; request++) {
          const response = await post(path, honest);
          assert.equal(response.status, 200, await response.text());
        }
        for (const response of await Promise.all(attacks)) {
          const { error } = (await response.json()) as { error: { type: string; message: string } };
          assert.deepEqual([response.status, error.type], [400, 'invalid_request_error']);
          assert.match(error.message, /^The body (holds more than 100,000 values|is nested more than 200 levels deep)\./);
        }
      }
    });
  }

  test('that the bound still lets through is answered', async () => {
    const response = await post('/chat/completions', withField(`{${Array.from({ length: maxValues - 20 }, (_, id) => `"m${id}":0`).join(',')}}`));
    assert.equal(response.status, 200, (await response.text()).slice(0, 300));
  });
});
