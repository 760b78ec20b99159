/** Nodes of another palette: they know nothing of stages, and one of them fails now and then. */
import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red';
import { continued } from '../../nodes/core/continuation.ts';
import { readMessages } from '../../nodes/core/conversation/read.ts';
import { textOf } from '../../nodes/core/conversation/text.ts';
import { Chance } from './chance.ts';
import type { Gate } from './model-type.ts';

/** Hands each message on in a later turn, or fails: once in so many times, as `options` says then. */
export function passType(chance = new Chance(1), options = { failsOneIn: Infinity }): (RED: NodeAPI) => void {
  return (RED) => {
    function construct(this: Node, config: NodeDef): void {
      RED.nodes.createNode(this, config);
      this.on('input', (msg, send, done) => {
        setImmediate(() => {
          if (chance.oneIn(options.failsOneIn)) {
            done(new Error('The foreign node failed.'));
            return;
          }
          send(msg);
          done();
        });
      });
    }
    RED.nodes.registerType('test-pass', construct);
  };
}

/** Holds each message until the gate opens, and answers then. */
export function holdType(gate: Gate): (RED: NodeAPI) => void {
  return (RED) => {
    function construct(this: Node, config: NodeDef): void {
      RED.nodes.createNode(this, config);
      this.on('input', (msg: NodeMessage, send, done) => {
        void gate.pass().then(() => {
          send({ ...msg, payload: 'held' });
          done();
        });
      });
    }
    RED.nodes.registerType('test-hold', construct);
  };
}

/** Answers as the echo does, in one piece and without a completion. */
export function answerType(RED: NodeAPI): void {
  function construct(this: Node, config: NodeDef): void {
    RED.nodes.createNode(this, config);
    this.on('input', (msg: NodeMessage, send, done) => {
      msg.payload = echoed(msg.payload);
      send(msg);
      done();
    });
  }
  RED.nodes.registerType('test-answer', construct);
}

function echoed(payload: unknown): string {
  const given = readMessages(payload);
  const { messages, said } = continued(given) ?? { messages: given, said: '' };
  return textOf(messages.findLast(({ role }) => role === 'user')?.content ?? null).slice(said.length);
}
