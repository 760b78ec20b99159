/** Paths through any order of deploys, comings and goings: each request has one answer, and each path one node. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, it, test } from 'node:test';
import fc from 'fast-check';
import { Deploys } from '../../../nodes/runtime/deploys.ts';
import { type Absence, type Claim, Places } from '../../../nodes/runtime/http/places.ts';
import { FakeTime, settled } from '../../support/fake-time.ts';

const holdMs = 1_000;

function site() {
  const events = new EventEmitter();
  const places = new Places(new Deploys({ events }));
  const claim = (path: string, owner: string, knows = (_rest: string) => true) => {
    const tell = (res: object, text: string) => {
      if (res instanceof Response) res.answers.push(text);
    };
    const mounted = {
      handle: (_req: IncomingMessage, res: ServerResponse, rest: string) => tell(res, `${owner} ${rest}`),
      knows,
      readsBody: () => false,
      turnAway: (_req: IncomingMessage, res: ServerResponse, _rest: string, absence: Absence) => tell(res, absence),
    };
    return places.claim(path, { owner, mounted, holdMs, onTurn: () => undefined });
  };
  const ask = (path: string): Response => {
    const res = new Response();
    const found = places.find(path);
    if (found) places.handle({} as IncomingMessage, res as unknown as ServerResponse, found);
    else res.answers.push('nobody');
    return res;
  };
  const stopping = (config: object = {}) => events.emit('flows:stopping', { config });
  const started = async (config: object = {}) => {
    events.emit('flows:started', { config });
    await settled();
  };
  return { events, places, claim, ask, stopping, started };
}

class Response extends EventEmitter {
  readonly answers: string[] = [];
}

describe('A path', () => {
  it('that is free is the first one’s; in a deploy its node comes back before all others', async (t) => {
    new FakeTime(t);
    const { claim, ask, stopping, started } = site();
    const [first, second] = [claim('/v1', 'a'), claim('/v1', 'b')];
    await started();
    stopping();
    first.leave();
    second.leave();
    const waiting = ask('/v1/x');
    const [other, same] = [claim('/v1', 'b'), claim('/v1', 'a')];
    assert.deepEqual([other.isHeld, same.isHeld, waiting.answers], [false, true, []]);
    await started();
    assert.deepEqual([waiting.answers, ask('/v1/x').answers], [['a /x'], ['a /x']]);
  });

  it('whose node does not come back goes to another one, or to nobody', async (t) => {
    new FakeTime(t);
    const { claim, ask, stopping, started } = site();
    const first = claim('/v1', 'a');
    await started();
    stopping();
    first.leave();
    const waiting = [ask('/v1/x')];
    const other = claim('/v1', 'b');
    await started();
    assert.deepEqual([other.isHeld, waiting[0]?.answers], [true, ['b /x']]);
    stopping();
    other.leave();
    waiting.push(ask('/v1/y'));
    await started();
    assert.deepEqual([waiting[1]?.answers, ask('/v1/y').answers], [['gone'], ['nobody']]);
  });

  it('tells that its flow has stopped, at once, and that nothing was started', async (t) => {
    const time = new FakeTime(t);
    const { events, claim, ask, stopping, started } = site();
    const config = {};
    const only = claim('/v1', 'a');
    await started(config);
    stopping(config);
    only.leave();
    assert.deepEqual(ask('/v1').answers, ['stopped']);
    claim('/v1', 'a');
    await started(config);
    stopping({});
    const again = ask('/v1');
    assert.deepEqual(again.answers, ['a '], 'It has not left yet.');
    events.emit('runtime-event', { id: 'runtime-state', payload: { state: 'stop', error: 'missing-types' } });
    await settled();
    assert.equal(time.timers, 0);
  });

  it('turns away what has waited too long, and forgets who has left', async (t) => {
    const time = new FakeTime(t);
    const { claim, ask, stopping, started } = site();
    const only = claim('/v1', 'a');
    await started();
    stopping();
    only.leave();
    const [late, gone] = [ask('/v1'), ask('/v1')];
    gone.emit('close');
    await time.advance(holdMs);
    claim('/v1', 'a');
    await started();
    assert.deepEqual([late.answers, gone.answers, time.timers], [['deploying'], [], 0]);
  });

  it('within another’s gets what that one does not know', () => {
    const { claim, ask } = site();
    claim('/v1', 'outer', (rest) => rest === '/chat/completions' || rest === '/chat');
    claim('/v1/chat', 'inner', (rest) => rest === '/completions');
    assert.deepEqual(['/v1/chat/completions', '/v1/chat', '/v1/chat/other', '/v1/other', '/v10', '/'].map((path) => ask(path).answers[0]), ['outer /chat/completions', 'outer /chat', 'inner /other', 'outer /other', 'nobody', 'nobody']);
  });
});

test('Whatever comes and goes, each request has one answer, and each path one node', async (t) => {
  const time = new FakeTime(t);
  const step = fc.oneof(
    fc.record({ kind: fc.constant('claim' as const), path: fc.constantFrom('/a', '/a/b', '/c'), owner: fc.constantFrom('1', '2', '3') }),
    fc.record({ kind: fc.constant('leave' as const), at: fc.nat(20) }),
    fc.record({ kind: fc.constantFrom('stopping' as const, 'started' as const, 'stop' as const) }),
    fc.record({ kind: fc.constant('ask' as const), path: fc.constantFrom('/a/x', '/a/b/x', '/c', '/d') }),
    fc.record({ kind: fc.constant('wait' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { claim, ask, stopping, started } = site();
      const claims: Array<{ path: string; claim: Claim }> = [];
      const asked: Response[] = [];
      let config = {};
      await started(config);
      for (const step of steps) {
        switch (step.kind) {
          case 'claim':
            claims.push({ path: step.path, claim: claim(step.path, step.owner) });
            break;
          case 'leave':
            claims.splice(step.at % (claims.length || 1), 1).forEach((left) => left.claim.leave());
            break;
          case 'ask':
            asked.push(ask(step.path));
            break;
          case 'stopping':
            stopping((config = {}));
            break;
          case 'stop':
            stopping(config);
            break;
          case 'started':
            await started(config);
            break;
          case 'wait':
            await time.advance(holdMs);
        }
        for (const path of ['/a', '/a/b', '/c']) assert.ok(claims.filter((held) => held.path === path && held.claim.isHeld).length <= 1);
      }
      await started(config);
      for (const path of ['/a', '/a/b', '/c']) {
        const wanting = claims.filter((wanted) => wanted.path === path);
        assert.equal(wanting.filter(({ claim }) => claim.isHeld).length, Math.min(wanting.length, 1));
      }
      assert.ok(asked.every(({ answers }) => answers.length === 1), JSON.stringify(asked.map(({ answers }) => answers)));
      assert.equal(time.timers, 0);
    }),
  );
});
