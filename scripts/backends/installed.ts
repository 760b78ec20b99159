/** What `npm run backends:setup` has put into .backends/: the program of each, and the model for vLLM. */
import { join } from 'node:path';
import { root } from '../project.ts';

export const backendsFolder = join(root, '.backends');

export const portkey = join(backendsFolder, 'portkey/node_modules/@portkey-ai/gateway/build/start-server.js');
export const liteLlm = join(backendsFolder, 'litellm/bin/litellm');
export const llamaServer = join(backendsFolder, 'llama.cpp/bin/llama-server');
export const vllm = join(backendsFolder, 'vllm/bin/vllm');
export const vllmModel = join(backendsFolder, 'vllm/tiny-llama');
