/**
 * `npm run bench:pool`: what a pool's strategies make of two real llama-servers, under bursts and with long conversations. A benchmark of its
 * own: it needs llama-server and its model, where the others need neither.
 */
import { findLlamaServer } from '../support/llama-server.ts';
import { measureBursts } from './pool/bursts.ts';
import { measureChats } from './pool/chats.ts';
import { llamaVersion } from './pool/servers.ts';
import { report } from './report.ts';

const found = findLlamaServer();
if (typeof found === 'string') {
  console.error(found);
  process.exit(1);
}
const bursts = await measureBursts(found);
report('Pools', `${bursts}\n\n${await measureChats(found)}`, { 'llama.cpp': llamaVersion(found) });
