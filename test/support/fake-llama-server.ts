/**
 * A model server in a process of its own, as far as a supervisor sees one: it takes llama-server's arguments, loads, answers and crashes as it is told.
 * `--say` writes these words to its log. Its environment says more: HOLD=1 loads until `/loaded`, EXIT ends it at once with this code,
 * DEAF=1 does not end when asked to, CHILD=1 has a child process, TOKENS and TOKEN_MS are the length and pace of its answers.
 * `/exit?code=3&say=…` ends it later.
 */
import { spawn } from 'node:child_process';
import { createServer, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const { HOLD, EXIT, DEAF, CHILD, TOKENS = '5', TOKEN_MS = '0' } = process.env;
const argument = (name: string) => process.argv[process.argv.indexOf(name) + 1];
const log = (line: string) => process.stderr.write(`${line}\n`);

log('0.00.001.798 I srv  llama_server: initializing ...');
if (process.argv.includes('--say')) log(argument('--say') ?? '');
if (EXIT) process.exit(Number(EXIT));
if (DEAF) process.on('SIGTERM', () => log('I do not hear you.'));
if (CHILD) log(`child ${spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' }).pid}`);

let isLoaded = !HOLD;

const server = createServer((req, res) => {
  const { pathname, searchParams } = new URL(req.url ?? '', 'http://fake');
  switch (pathname) {
    case '/loaded':
      isLoaded = true;
      return json(res, 200, {});
    case '/say':
      process.stderr.write(searchParams.get('text') ?? '');
      return json(res, 200, {});
    case '/exit':
      log(searchParams.get('say') ?? '');
      return process.exit(Number(searchParams.get('code')));
    case '/health':
      return isLoaded ? json(res, 200, { status: 'ok' }) : json(res, 503, { error: { message: 'Loading model', type: 'unavailable_error', code: 503 } });
    case '/v1/chat/completions':
      return void answer(res);
    default:
      return json(res, 404, { error: { message: 'File Not Found', type: 'not_found_error', code: 404 } });
  }
});

server.on('error', () => {
  log(`0.00.060.730 E srv         start: couldn't bind HTTP server socket, hostname: ${argument('--host')}, port: ${argument('--port')}`);
  process.exit(1);
});
server.listen(Number(argument('--port')), argument('--host'), () => log(`0.00.130.653 I srv  llama_server: listening on port ${argument('--port')}`));

async function answer(res: ServerResponse): Promise<void> {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (choice: object) => res.write(`data: ${JSON.stringify({ model: 'fake', choices: [{ index: 0, ...choice }] })}\n\n`);
  for (let token = 0; token < Number(TOKENS); token++) {
    if (Number(TOKEN_MS) > 0) await delay(Number(TOKEN_MS));
    send({ delta: { content: `${token} ` } });
  }
  send({ delta: {}, finish_reason: 'stop' });
  res.end('data: [DONE]\n\n');
}

function json(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
