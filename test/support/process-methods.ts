/** What the tests of processes let a process do. */
import { answerProcessCalls, takeBytes } from '../../nodes/rag/process.ts';

const methods = {
  pid: () => process.pid,
  environment: () => Object.keys(process.env).sort(),
  sizes: async (lengths: number[]) => {
    const sizes: number[] = [];
    for (const length of lengths) sizes.push((await takeBytes(length)).length);
    return sizes;
  },
  sum: async (length: number) => (await takeBytes(length)).reduce((sum, byte) => sum + byte, 0),
  leave: () => process.exit(3),
  fillBeside: () => {
    const all: Buffer[] = [];
    for (;;) all.push(Buffer.alloc(32 * 1024 ** 2, 1));
  },
  hang: () => {
    for (;;);
  },
};

export type TestMethods = typeof methods;

answerProcessCalls(methods);
