import { startVllm, vllmModelName, vllmProblem } from '../../support/vllm-server.ts';
import { conform } from './conform.ts';
import { vllmRows } from './own-rows.ts';
import { apiKey, vllm } from './server.ts';
import { vllmSubjects } from './subject.ts';

conform({
  name: 'vLLM',
  model: vllmModelName,
  problem: vllmProblem(),
  subjects: vllmSubjects,
  ownRows: vllmRows,
  nodeType: 'llm-vllm',
  start: async (port) => {
    const server = startVllm(port, apiKey);
    return { ready: server.ready.then(() => vllm(server)), kill: () => server.kill() };
  },
  cannotRestart: 'vLLM takes a minute to start: it is started once, and the row of loading met it with connections that were there before',
});
