/** The least that a gateway can do: parse the JSON, forward it, pipe the answer. Runs in a process of its own, for the provider in argv. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { forwardTo } from './forward.ts';

const provider = process.argv[2] ?? '';
const quick = forwardTo(provider);
const open = forwardTo(provider, '/open');

const server = createServer((req, res) => {
  const pieces: Buffer[] = [];
  req.on('data', (piece: Buffer) => pieces.push(piece));
  req.on('end', () => {
    const forward = req.url?.startsWith('/open/') ? open : quick;
    forward(JSON.parse(Buffer.concat(pieces).toString()), res);
  });
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit());
