/** A model server that answers at once with 20 tokens, in the wire format of OpenAI, llama.cpp and vLLM. Runs in a process of its own. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const about = { id: 'chatcmpl-1', created: 1, model: 'stub' };
const usage = { prompt_tokens: 5, completion_tokens: 20, total_tokens: 25 };
const tokens = Array.from({ length: 20 }, (_, index) => ` token${index}`);

function event(delta: object, finishReason: string | null = null): string {
  return `data: ${JSON.stringify({ ...about, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finishReason }] })}\n\n`;
}

const streamed = [
  event({ role: 'assistant', content: '' }),
  ...tokens.map((content) => event({ content })),
  event({}, 'stop'),
  `data: ${JSON.stringify({ ...about, object: 'chat.completion.chunk', choices: [], usage })}\n\n`,
  'data: [DONE]\n\n',
].join('');

const message = { role: 'assistant', content: tokens.join('') };
const whole = JSON.stringify({ ...about, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: 'stop' }], usage });

const server = createServer((req, res) => {
  const pieces: Buffer[] = [];
  req.on('data', (piece: Buffer) => pieces.push(piece));
  req.on('end', () => {
    const stream = Buffer.concat(pieces).includes('"stream":true');
    res.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'application/json' });
    // Below /open a stream gives one token and then stays open.
    if (req.url?.startsWith('/open/')) res.write(event({ content: 'a' }));
    else res.end(stream ? streamed : whole);
  });
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit());
