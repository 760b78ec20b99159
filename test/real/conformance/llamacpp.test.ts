import { findLlamaServer, startLlamaServerAt } from '../../support/llama-server.ts';
import { conform } from './conform.ts';
import { llamaCppRows } from './own-rows.ts';
import type { Starting } from './plan.ts';
import { apiKey, llamaCpp } from './server.ts';
import { llamaCppSubjects } from './subject.ts';

const found = findLlamaServer();

/** In each of the four slots. */
const roomForEndless = ['--override-kv', 'llama.context_length=int:8192', '-c', '32768'];

async function start(port: number, ...args: string[]): Promise<Starting> {
  if (typeof found === 'string') throw new Error(found);
  const server = startLlamaServerAt(port, found, '--api-key', apiKey, ...roomForEndless, ...args);
  return { ready: server.then(llamaCpp), kill: async () => (await server).kill() };
}

conform({
  name: 'llama.cpp',
  model: '',
  problem: typeof found === 'string' ? found : undefined,
  subjects: llamaCppSubjects,
  ownRows: llamaCppRows,
  nodeType: 'llm-llamacpp',
  start: (port) => start(port),
  // The model is read in a moment; room for a million tokens takes longer.
  startSlowly: (port) => start(port, '-c', '1000000'),
});
