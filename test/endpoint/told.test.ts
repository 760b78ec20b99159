/** What an endpoint says in the log of requests that failed: its author's mistakes, once; never what clients do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chat, hello, startEndpoint } from '../support/endpoint.ts';
import { answers, fails, finish, text } from '../support/scripted-client.ts';

async function toldBy(t: Parameters<typeof startEndpoint>[0], setup: Parameters<typeof startEndpoint>[1], requests: ReadonlyArray<unknown>): Promise<unknown[]> {
  const { flow, post } = await startEndpoint(t, setup);
  const told: unknown[] = [];
  flow.node('endpoint').error = (said: unknown) => void told.push(said);
  for (const body of requests) await (await post(chat, body)).text();
  return told;
}

test('an endpoint that is not wired says so once, however many ask', async (t) => {
  const told = await toldBy(t, { config: { wires: [[]] } }, [hello, hello, hello]);
  assert.deepEqual(told, ['No flow stands behind the endpoint. Wire its port to a backend or a stage, and deploy.']);
});

test('a mistake in the flow behind is told once, and again when it comes back', async (t) => {
  const mistake = fails('misconfigured');
  const told = await toldBy(t, { scripts: [mistake, mistake, answers([text('Hi')], [finish]), mistake] }, [hello, hello, hello, hello]);
  assert.equal(told.length, 2);
});

test('what clients do wrong, and what a provider fails with, is not told', async (t) => {
  const told = await toldBy(t, { scripts: [fails('server'), fails('auth')] }, [hello, hello, 'no JSON', { messages: [] }]);
  assert.deepEqual(told, []);
});
