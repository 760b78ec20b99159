/** What `npm run backends:setup` has put into .backends/: the program of each. */
import { join } from 'node:path';
import { root } from './project.ts';

export const backendsFolder = join(root, '.backends');

export const portkey = join(backendsFolder, 'portkey/node_modules/@portkey-ai/gateway/build/start-server.js');
export const liteLlm = join(backendsFolder, 'litellm/bin/litellm');
