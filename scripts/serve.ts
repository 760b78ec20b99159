/** Runs Node-RED with the palette of this checkout, and says where to go next. */
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chatEndpoint } from './chat-page.ts';
import { llamaServerListens } from './llama-server.ts';
import { launchNodeRed } from './node-red.ts';
import { portProblem } from './port.ts';
import { root } from './project.ts';
import { createUserDirWithPalette } from './user-dir.ts';

const port = Number(process.env.PORT || 1880);
const problem = await portProblem(port);
if (problem) {
  console.error(problem);
  process.exit(1);
}

const llamaUrl = process.env.LLAMA_CPP_URL || 'http://localhost:8080';
const llamaListens = await llamaServerListens(llamaUrl);

const userDir = join(root, '.node-red');
const flows = join(userDir, 'flows.json');
const welcome = join(root, 'examples/welcome.json');
createUserDirWithPalette(userDir);
if (!existsSync(flows) && existsSync(welcome)) copyFileSync(welcome, flows);

const nodeRed = await launchNodeRed({
  userDir,
  port,
  env: { LLAMA_CPP_URL: llamaUrl, LLAMA_CPP_LISTENS: String(llamaListens) },
  echo: true,
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => nodeRed.kill(signal));

const endpoint = existsSync(flows) ? chatEndpoint(readFileSync(flows, 'utf8')) : undefined;
const chat = endpoint === undefined ? '' : `
  Chat:  ${nodeRed.url}${endpoint}/chat
`;
const question = '{"messages":[{"role":"user","content":"How does a pool choose a member?"}]}';
const curl = endpoint === undefined ? '' : `
  Ask from a terminal:

    curl ${nodeRed.url}${endpoint}/chat/completions -H 'Content-Type: application/json' -d '${question}'
`;

console.log(`${chat}
  Flow:  ${nodeRed.url}/
${curl}
  ${llamaListens ? `A llama-server was found at ${llamaUrl}.` : `No llama-server was found at ${llamaUrl}: llm-echo answers instead.`}
  Ctrl-C ends it.
`);
process.exitCode = await nodeRed.ended;
