/** The chat page reads the same from a stream wherever the network cuts it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SseReader, type StreamItem } from '../../../nodes/endpoint/page/sse.ts';
import { anyCuts, doubleCuts, piecesOf, singleCuts } from '../../support/splits.ts';

async function itemsOf(stream: Uint8Array, cuts: readonly number[] = []): Promise<StreamItem[]> {
  const reader = new SseReader();
  const items: StreamItem[] = [];
  for await (const piece of piecesOf(stream, cuts)) items.push(...reader.feed(piece));
  return [...items, ...reader.end()];
}

const stream = Buffer.from(': waiting\n\ndata: {"a":"ä🦙日"}\r\n\r\n:\ndata: b\r\rdata: [DONE]\n');
const items = [{ comment: 'waiting' }, { data: '{"a":"ä🦙日"}' }, { comment: '' }, { data: 'b' }, { data: '[DONE]' }];

describe('the stream reader of the chat page', () => {
  it('gives events and comments in their order, for every one or two cuts', async () => {
    assert.deepEqual(await itemsOf(stream), items);
    for (const cuts of [...singleCuts(stream.length), ...doubleCuts(stream.length)]) {
      assert.deepEqual(await itemsOf(stream, cuts), items, `cut at ${cuts.join(' and ')}`);
    }
  });

  it('gives the same for any number of cuts', async () => {
    await fc.assert(fc.asyncProperty(anyCuts(stream.length), async (cuts) => assert.deepEqual(await itemsOf(stream, cuts), items)));
  });

  it('takes any bytes', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => void (await itemsOf(bytes, singleCuts(bytes.length).flat()))));
  });
});
