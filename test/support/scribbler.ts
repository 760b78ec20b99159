/** A node of another palette that writes into everything that it gets, and hands on a message of its own that says the same. */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { LlmMessage } from '../../nodes/runtime/calls.ts';

export interface ScribblerConfig extends NodeDef {
  /** What it does with the message afterwards. */
  does?: 'pass' | 'fail' | 'keep';
}

/** `look` sees each message as the node got it. */
export function scribblerType(look: (msg: LlmMessage, id: string) => void): (RED: NodeAPI) => void {
  return (RED) => {
    function construct(this: Node, config: ScribblerConfig): void {
      RED.nodes.createNode(this, config);
      const { id, does = 'pass' } = config;
      this.on('input', (msg: LlmMessage, send, done) => {
        look(msg, id);
        const own = structuredClone(msg);
        scribble(msg);
        // What it has got is its own for good.
        setImmediate(() => scribble(msg));
        if (does === 'fail') {
          done(new Error('The node failed.'));
          return;
        }
        if (does === 'pass') send(own);
        done();
      });
    }
    RED.nodes.registerType('test-scribbler', construct);
  };
}

/** Leaves nothing as it was but the frames, by which Node-RED's own hooks find the call of a node that fails. */
export function scribble(msg: object): void {
  for (const [name, value] of Object.entries(msg)) if (name !== '_llmCalls') spoil(value);
}

function spoil(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    spoil(inner);
    (value as Record<string, unknown>)[name] = 'scribbled';
  }
  if (Array.isArray(value)) value.push('scribbled');
  else (value as Record<string, unknown>)['scribbled'] = true;
}

/** Where in a value something is frozen; undefined where nothing is. */
export function frozenIn(value: unknown, at = 'msg'): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Object.isFrozen(value) && Object.keys(value).length > 0) return at;
  for (const [name, inner] of Object.entries(value)) {
    const found = frozenIn(inner, `${at}.${name}`);
    if (found) return found;
  }
  return undefined;
}

export function freeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) freeze(inner);
    Object.freeze(value);
  }
  return value;
}
