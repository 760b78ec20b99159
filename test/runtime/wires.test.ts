import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Node, NodeAPI } from 'node-red';
import type { LlmMessage } from '../../nodes/runtime/calls.ts';
import { hasChanged, isWired, lookBehind, wiredTo } from '../../nodes/runtime/wires.ts';

interface Wired {
  id: string;
  type: string;
  wires: string[][] | undefined;
}

/** The nodes of a flow by their ids, as the runtime holds them. */
class TestFlow {
  readonly nodes = new Map<string, Wired>();
  readonly events = new EventEmitter();
  /** How often the runtime was asked for a node. */
  lookups = 0;
  readonly RED = {
    events: this.events,
    nodes: { getNode: (id: string) => (this.lookups++, this.nodes.get(id) ?? null) },
  } as unknown as NodeAPI;

  /** Each node's ports with what they are wired to: `a: [['b'], ['c', 'd']]`. */
  constructor(wires: Record<string, string[][] | undefined>, types: Record<string, string> = {}) {
    for (const [id, ports] of Object.entries(wires)) this.set(id, ports, types[id]);
  }

  set(id: string, wires: string[][] | undefined, type = 'function'): void {
    this.nodes.set(id, { id, type, wires });
  }

  node(id: string): Node {
    return this.nodes.get(id) as unknown as Node;
  }

  behind(id: string, port = 0, callers?: string[]): string[] {
    const msg = callers && { _linkSource: callers.map((node) => ({ id: 'x', node })) };
    return lookBehind(this.RED, this.node(id), port, { _msgid: 'm', ...msg }).nodes.map((node) => node.id);
  }
}

describe('Behind a port', () => {
  test('are the nodes that it is wired to and those behind all of their ports, the nearest first', () => {
    const flow = new TestFlow({ a: [['b', 'c'], ['f']], b: [['d']], c: [['e'], []], d: [[]], e: [['d']], f: [] });
    assert.deepEqual([flow.behind('a', 0), flow.behind('a', 1), flow.behind('a', 2)], [['b', 'c', 'd', 'e'], ['f'], []]);
  });

  test('is each node once, and the node itself where a wire leads back', () => {
    const flow = new TestFlow({ a: [['b', 'b']], b: [['c', 'a']], c: [['b']] });
    assert.deepEqual(flow.behind('a'), ['b', 'c', 'a']);
  });

  test('are only nodes that run', () => {
    const flow = new TestFlow({ a: [['off', 'b']], b: [['off']] });
    assert.deepEqual([flow.behind('a'), wiredTo(flow.RED, flow.node('a'), 0).map(({ id }) => id)], [['b'], ['b']]);
  });

  test('is nothing where a node has no wires at all', () => {
    const flow = new TestFlow({ a: undefined, b: [['a']] });
    assert.deepEqual([flow.behind('a'), flow.behind('b'), isWired(flow.node('a'), 0)], [[], ['a'], false]);
  });

  test('of any flow is what can be reached from it', () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    const ports = fc.array(fc.subarray(ids), { maxLength: 2 });
    const flows = fc.record(Object.fromEntries(ids.map((id) => [id, ports])));
    fc.assert(
      fc.property(flows, (wires: Record<string, string[][]>) => {
        const reached = new Set(wires['a']?.[0]);
        for (const id of reached) for (const next of wires[id]?.flat() ?? []) reached.add(next);
        const behind = new TestFlow(wires).behind('a');
        assert.deepEqual(new Set(behind), reached);
        assert.equal(behind.length, reached.size);
      }),
    );
  });
});

describe('A link out', () => {
  test('leads to its link ins', () => {
    const flow = new TestFlow({ a: [['out']], out: [['in']], in: [['b']], b: [] }, { out: 'link out', in: 'link in' });
    assert.deepEqual(flow.behind('a'), ['out', 'in', 'b']);
  });

  const nested = () =>
    new TestFlow({ a: [['out']], out: [], inner: [['out-2']], 'out-2': [], outer: [['end']], end: [] }, { out: 'link out', 'out-2': 'link out' });

  test('in return mode leads to what is behind the link call that waits, and on to the one that waits for that', () => {
    assert.deepEqual(nested().behind('a', 0, ['outer', 'inner']), ['out', 'out-2', 'end']);
    assert.deepEqual(nested().behind('a', 0, ['inner']), ['out', 'out-2']);
  });

  test('in return mode leads to the same link call as another one beside it', () => {
    const flow = new TestFlow(
      { a: [['out', 'out-2']], out: [], 'out-2': [], inner: [['b']], b: [], outer: [['end']], end: [] },
      { out: 'link out', 'out-2': 'link out' },
    );
    assert.deepEqual(flow.behind('a', 0, ['outer', 'inner']), ['out', 'out-2', 'b']);
  });

  test('leads nowhere where no link call waits, or the one that does has gone', () => {
    assert.deepEqual([nested().behind('a'), nested().behind('a', 0, ['gone'])], [['out'], ['out']]);
  });

  test('is not led astray by what somebody else has put on the message', () => {
    const flow = nested();
    for (const source of ['x', 7, {}, [{}], [{ node: 7 }]]) {
      const msg = { _msgid: 'm', _linkSource: source } as unknown as LlmMessage;
      assert.deepEqual(lookBehind(flow.RED, flow.node('a'), 0, msg).nodes.map(({ id }) => id), ['out']);
    }
  });
});

describe('What was found', () => {
  test('is remembered, for each port and for each link call that waits', () => {
    const flow = new TestFlow({ a: [['out'], ['x']], out: [], one: [['x']], two: [['y']], x: [], y: [] }, { out: 'link out' });
    const look = () => [flow.behind('a'), flow.behind('a', 0, ['one']), flow.behind('a', 0, ['two']), flow.behind('a', 1)];
    const expected = [['out'], ['out', 'x'], ['out', 'y'], ['x']];
    assert.deepEqual(look(), expected);
    const { lookups } = flow;
    assert.deepEqual(look(), expected);
    assert.equal(flow.lookups - lookups, 2, 'for each look, whether the link call runs');
  });

  for (const event of ['flows:stopping', 'flows:starting', 'flows:started']) {
    test(`is forgotten with ${event}, for a deploy may rewire what it does not restart`, () => {
      const flow = new TestFlow({ a: [['b']], b: [], c: [] });
      assert.deepEqual(flow.behind('a'), ['b']);
      flow.set('a', [['c']]);
      flow.events.emit(event);
      assert.deepEqual(flow.behind('a'), ['c']);
    });
  }

  test('costs one listener for each event, however often it is asked for', () => {
    const flow = new TestFlow({ a: [['b']], b: [['a']] });
    for (const id of ['a', 'b', 'a']) flow.behind(id);
    assert.equal(flow.events.listenerCount('flows:started'), 1);
  });
});

describe('What lies behind a port has changed', () => {
  const look = (flow: TestFlow) => {
    flow.events.emit('flows:started');
    return lookBehind(flow.RED, flow.node('a'), 0, { _msgid: 'm' });
  };
  const change = (how: (flow: TestFlow) => void) => {
    const flow = new TestFlow({ a: [['b', 'off']], b: [['c']], c: [] });
    const before = look(flow);
    how(flow);
    return hasChanged(before, look(flow));
  };

  test('where a node was removed, replaced or wired off, or is back', () => {
    assert.equal(change((flow) => flow.nodes.delete('c')), true);
    assert.equal(change((flow) => flow.set('c', [])), true);
    assert.equal(change((flow) => (flow.nodes.get('b') as Wired).wires?.splice(0)), true);
    assert.equal(change((flow) => flow.set('off', [])), true);
  });

  test('not where nothing happened, or a node came to those that were there', () => {
    assert.equal(change(() => undefined), false);
    assert.equal(change((flow) => flow.set('elsewhere', [])), false);
    assert.equal(
      change((flow) => {
        flow.set('d', []);
        (flow.nodes.get('c') as Wired).wires = [['d']];
      }),
      false,
    );
  });
});
