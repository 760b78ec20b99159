/**
 * A model server that answers at once with 20 tokens, in the wire format of OpenAI, llama.cpp and vLLM; below some paths
 * it answers otherwise. A GET tells how many requests are open. Runs in a process of its own.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const about = { id: 'chatcmpl-1', created: 1, model: 'stub' };
const usage = { prompt_tokens: 5, completion_tokens: 20, total_tokens: 25 };
/** In a stream that is paced. */
const pacedTokens = 300;
const tokens = Array.from({ length: 20 }, (_, index) => ` token${index}`);

function event(delta: object, finishReason: string | null = null): string {
  return `data: ${JSON.stringify({ ...about, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finishReason }] })}\n\n`;
}

const streamEnd = [
  event({}, 'stop'),
  `data: ${JSON.stringify({ ...about, object: 'chat.completion.chunk', choices: [], usage })}\n\n`,
  'data: [DONE]\n\n',
].join('');

const streamed = [
  event({ role: 'assistant', content: '' }),
  ...tokens.map((content) => event({ content })),
  streamEnd,
].join('');

const message = { role: 'assistant', content: tokens.join('') };
const whole = JSON.stringify({ ...about, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: 'stop' }], usage });

let open = 0;

const server = createServer((req, res) => {
  if (req.method === 'GET') {
    res.end(String(open));
    return;
  }
  open++;
  res.once('close', () => open--);
  const pieces: Buffer[] = [];
  req.on('data', (piece: Buffer) => pieces.push(piece));
  req.on('end', () => {
    const body = Buffer.concat(pieces);
    const stream = body.includes('"stream":true');
    res.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'application/json' });
    // Below /open a stream gives one token and then stays open.
    if (req.url?.startsWith('/open/')) res.write(event({ content: 'a' }));
    else if (req.url?.startsWith('/paced/')) pace(res, questionIn(body));
    else if (req.url?.startsWith('/flood/')) flood(res);
    else res.end(stream ? streamed : whole);
  });
});

/** What was asked, so that an answer can be told from every other. */
function questionIn(body: Buffer): string {
  const { messages } = JSON.parse(body.toString()) as { messages: Array<{ content: string }> };
  return messages.at(-1)?.content ?? '';
}

/** Five tokens a second for a minute, each with the question and its number. */
function pace(res: ServerResponse, question: string): void {
  let sent = 0;
  const timer = setInterval(() => {
    res.write(event({ content: `${question}:${sent++} ` }));
    if (sent < pacedTokens) return;
    clearInterval(timer);
    res.end(streamEnd);
  }, 60_000 / pacedTokens);
  res.once('close', () => clearInterval(timer));
}

const floodBytes = 256 * 1024 * 1024;
const floodEvent = event({ content: 'x'.repeat(4_000) });

/** As many tokens as the reader takes, up to a bound. */
function flood(res: ServerResponse): void {
  let sent = 0;
  const more = () => {
    while (sent < floodBytes) {
      sent += floodEvent.length;
      if (!res.write(floodEvent)) return;
    }
    res.end(streamEnd);
  };
  res.on('drain', more);
  more();
}

server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit());
