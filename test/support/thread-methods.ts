/** What the tests of threads let a thread do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { threadId, workerData } from 'node:worker_threads';
import { LlmError } from '../../nodes/core/errors.ts';
import { answerCalls, moving } from '../../nodes/rag/thread.ts';

let doubled = new Float32Array();

const methods = {
  add: (a: number, b: number) => a + b,
  later: async (text: string) => {
    await sleep(1);
    return text;
  },
  thread: () => threadId,
  data: () => workerData as unknown,
  double: (numbers: Float32Array<ArrayBuffer>) => {
    doubled = numbers.map((one) => one * 2);
    return moving({ doubled }, [doubled.buffer]);
  },
  left: () => doubled.length,
  refuse: () => {
    throw new LlmError('not_found', 'There is none.', { hint: 'Make one.', status: 404, retryAfterMs: 5 });
  },
  break: () => {
    throw new TypeError('a secret');
  },
  unclonable: () => () => undefined,
  hang: () => {
    for (;;);
  },
  leave: () => process.exit(3),
  crash: () => {
    setImmediate(() => {
      throw new Error('a secret');
    });
    return sleep(1e6);
  },
  fill: () => {
    const all: string[][] = [];
    for (;;) all.push(Array.from({ length: 1e4 }, (_, index) => `${all.length}.${index}`));
  },
};

export type TestMethods = typeof methods;

answerCalls(methods);
