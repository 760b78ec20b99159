/** A model server in a process of its own, to be killed: every second request gets the first words of its prompt, the others get headers and no token. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const words = 3;
let asked = 0;

const server = createServer((req, res) => {
  let body = '';
  req.setEncoding('utf8');
  req.on('data', (piece: string) => (body += piece));
  req.on('end', () => {
    const { messages } = JSON.parse(body) as { messages: Array<{ content: string }> };
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.flushHeaders();
    if (asked++ % 2 === 1) {
      for (const token of messages[0]?.content.match(/\s*\S+/g)?.slice(0, words) ?? []) {
        res.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: token }, finish_reason: null }] })}\n\n`);
      }
    }
    process.send?.({ asked });
  });
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.once('disconnect', () => process.exit());
