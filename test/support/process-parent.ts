/** Starts a process that never ends its work, says its number, and waits to be killed. The argument: whether the system bounds it. */
import { Process } from '../../nodes/rag/process.ts';
import type { TestMethods } from './process-methods.ts';

const file = new URL('process-methods.ts', import.meta.url);
const tested = new Process<TestMethods>({ file, name: 'The tester', memoryMb: 128, heapMb: 64, cpuSeconds: 3, isLimited: process.argv[2] === 'true' });
const pid = await tested.call('pid', [], {});
void tested.call('hang', [], {});
process.stdout.write(String(pid));
