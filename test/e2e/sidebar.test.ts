/** What the sidebar is told by a real Node-RED, under load with faults: the same as those who asked have counted. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { LiveFacts, RequestList, RequestTrace, Span, TrialLine } from '../../nodes/insight/sidebar/api.ts';
import { startNodeRed, type TestNodeRed } from '../support/node-red.ts';

const echo = { type: 'llm-echo', z: 'tab', tokensPerSecond: 0, breakerFailures: 0, retries: 0, wires: [[]] };
const broken = { ...echo, faultPercent: 100, faultAfterTokens: 0 };
const flows = [
  { id: 'tab', type: 'tab', label: 'Sidebar' },
  { id: 'endpoint', type: 'llm-endpoint', z: 'tab', name: 'API', path: '/v1', wires: [['fallback']] },
  { id: 'fallback', type: 'llm-fallback', z: 'tab', name: 'First, then', branches: [{ name: 'one' }, { name: 'two' }, { name: 'three' }], wires: [[], ['one'], ['two'], ['pool']] },
  { ...broken, id: 'one', name: 'One', faultKind: 'overloaded', retries: 1, retryBaseMs: 1, retryMaxMs: 1 },
  { ...broken, id: 'two', name: 'Two', faultKind: 'server' },
  { id: 'pool', type: 'llm-pool', z: 'tab', name: 'Pool', members: [{ name: 'A' }, { name: 'B' }], wires: [[], ['three'], ['four']] },
  { ...echo, id: 'three', name: 'Three' },
  { ...echo, id: 'four', name: 'Four' },
  { id: 'monitor', type: 'llm-monitor', z: 'tab', capture: 'memory', wires: [[], []] },
];

describe('The sidebar of a real Node-RED', () => {
  let nodeRed: TestNodeRed;
  before(async () => {
    nodeRed = await startNodeRed({ flows });
  });
  after(() => nodeRed.stop());

  const look = async <Body>(path: string) => (await (await fetch(`${nodeRed.url}/llm/${path}`)).json()) as Body;
  const act = (path: string, body: object = {}) =>
    fetch(`${nodeRed.url}/llm/${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const told = async (response: Response) => (await response.text()).trim().split('\n').map((line) => JSON.parse(line) as TrialLine);
  const ask = async (content: string) => {
    const response = await fetch(`${nodeRed.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ messages: [{ role: 'user', content }] }),
    });
    return { status: response.status, body: (await response.json()) as { usage: { prompt_tokens: number; completion_tokens: number } } };
  };
  const node = async (id: string) => (await look<LiveFacts>('live')).nodes.find((one) => one.node.id === id) ?? assert.fail();
  const newest = async () => (await look<RequestList>('requests?after=0')).requests[0] ?? assert.fail();

  test('has counted what its clients have', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => ask(`Question ${index}`)));
    assert.ok(answers.every(({ status }) => status === 200));
    const { all, nodes, isKept } = await look<LiveFacts>('live');
    const sum = (name: 'prompt_tokens' | 'completion_tokens') => answers.reduce((total, { body }) => total + body.usage[name], 0);
    assert.deepEqual([all.today.requests, all.today.failed, all.today.inputTokens, all.today.outputTokens], [20, 0, sum('prompt_tokens'), sum('completion_tokens')]);
    assert.deepEqual(Object.fromEntries(nodes.map(({ node: { id }, today: { requests, failed } }) => [id, [requests, failed]])), {
      endpoint: [20, 0],
      fallback: [20, 0],
      one: [20, 20],
      two: [20, 20],
      pool: [20, 0],
      three: [10, 0],
      four: [10, 0],
    });
    assert.ok(isKept && nodes.every(({ busy, waiting }) => busy === 0 && waiting === 0));
    const { requests, last } = await look<RequestList>('requests?after=0');
    assert.equal(requests.length, 20);
    assert.ok(requests.every(({ outcome, attempts, entry, status }) => outcome === 'ok' && attempts === 3 && entry.id === 'endpoint' && status === 200));
    assert.deepEqual((await look<RequestList>(`requests?after=${last}`)).requests, []);
  });

  test('draws a request that failed twice and was answered by the third branch as just that', async () => {
    await ask('Tell me');
    const { root, content } = await look<RequestTrace>(`requests/${(await newest()).id}/content`);
    const lines: string[] = [];
    const draw = ({ kind, name, outcome, error, children }: Span, depth: number) => {
      if (kind !== 'queue') lines.push(`${' '.repeat(depth)}${kind} ${name} ${error ?? outcome}`);
      for (const child of children) draw(child, depth + 1);
    };
    draw(root, 0);
    assert.deepEqual(lines.map((line) => line.replace(/(Three|Four|branch [AB])/, (name) => (name.startsWith('branch') ? 'branch A or B' : 'Three or Four'))), [
      'stage API ok',
      ' stage First, then ok',
      '  branch one overloaded',
      '   backend One overloaded',
      '    attempt 1 overloaded',
      '  branch two server',
      '   backend Two server',
      '    attempt 1 server',
      '  branch three ok',
      '   stage Pool ok',
      '    branch A or B ok',
      '     backend Three or Four ok',
      '      attempt 1 ok',
    ]);
    assert.match(content?.prompt ?? '', /Tell me/);
    assert.match(content?.answer ?? '', /Tell me/);
  });

  test('sends a request again, and tries a node', async () => {
    await ask('Once more');
    const { id } = await newest();
    const again = await told(await act(`requests/${id}/replay`));
    assert.deepEqual([again.at(-1)?.type, (await newest()).entry.id], ['end', 'endpoint']);
    assert.match(again.map((line) => (line.type === 'text' ? line.text : '')).join(''), /Once more/);

    const [begin, ...rest] = await told(await act('try', { node: 'three', prompt: 'Alone', llm: { maxTokens: 1 } }));
    const trace = await look<RequestTrace>(`requests/${begin?.type === 'begin' ? begin.id : ''}`);
    assert.deepEqual([trace.entry.id, trace.outcome, trace.outputTokens, rest.at(-1)?.type], ['three', 'ok', 1, 'end']);
    const failed = (await told(await act('try', { node: 'two', prompt: 'Alone' }))).at(-1);
    assert.deepEqual(failed?.type === 'fail' && [failed.error, typeof failed.hint], ['server', 'string']);
  });

  test('trips a breaker, and the pool goes on without it', async () => {
    assert.equal((await act('nodes/three/breaker', { trip: true })).status, 204);
    assert.deepEqual([(await node('three')).state, (await node('three')).isTripped, (await node('pool')).state], ['open', true, 'degraded']);
    const before = (await node('four')).today.requests;
    await Promise.all(Array.from({ length: 10 }, () => ask('Hello')));
    assert.equal((await node('four')).today.requests, before + 10);
    assert.equal((await act('nodes/three/breaker', { trip: false })).status, 204);
    assert.deepEqual([(await node('three')).state, (await node('pool')).state], ['ready', 'ready']);
  });

  test('drains a member, and the other gets all', async () => {
    assert.equal((await act('nodes/pool/drain', { branch: 'A', drain: true })).status, 204);
    const before = (await node('three')).today.requests;
    await Promise.all(Array.from({ length: 10 }, () => ask('Hello')));
    assert.equal((await node('three')).today.requests, before);
    const [drained] = (await node('pool')).branches ?? [];
    assert.deepEqual([drained?.refusal, drained?.member?.isDrained, drained?.member?.busy], ['unavailable', true, 0]);
    assert.equal((await act('nodes/pool/drain', { branch: 'A', drain: false })).status, 204);
    assert.equal((await node('pool')).state, 'ready');
  });

  test('remembers through a deploy', async () => {
    const { length } = (await look<RequestList>('requests?after=0')).requests;
    const { all } = await look<LiveFacts>('live');
    await nodeRed.deploy(flows);
    assert.equal((await look<RequestList>('requests?after=0')).requests.length, length);
    assert.equal((await look<LiveFacts>('live')).all.today.requests, all.today.requests);
  });
});

test('Who may only read in the editor can look, and neither try, replay, trip nor drain', async (t) => {
  // Whoever does not log in may read.
  const nodeRed = await startNodeRed({ settings: { adminAuth: { type: 'credentials', users: [], default: { permissions: 'read' } } } });
  t.after(() => nodeRed.stop());
  const ask = async (path: string, method = 'GET') => (await fetch(`${nodeRed.url}/llm/${path}`, { method })).status;
  assert.deepEqual([await ask('live'), await ask('requests?after=0'), await ask('requests/unknown')], [200, 200, 404]);
  for (const path of ['try', 'requests/unknown/replay', 'nodes/three/breaker', 'nodes/pool/drain']) assert.equal(await ask(path, 'POST'), 401, path);
});
