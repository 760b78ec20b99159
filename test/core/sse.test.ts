/** Server-sent events are the same wherever the network cuts them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readSse, type SseEvent } from '../../nodes/core/sse.ts';
import { recorded } from '../support/recorded.ts';
import { anyCuts, doubleCuts, flatten, piecesOf, singleCuts } from '../support/splits.ts';

async function eventsOf(stream: string | Uint8Array, cuts: readonly number[] = []): Promise<SseEvent[]> {
  const events = await flatten(readSse(piecesOf(Buffer.from(stream), cuts)));
  return events.map(({ event, data }) => ({ ...(event !== undefined && { event }), data }));
}

const three = [{ data: '{"a":"ä🦙日"}' }, { event: 'end', data: 'b' }];

/** The same events in each of the ways in which a stream may be written. */
const spellings: Record<string, string> = {
  'line feeds': 'data: {"a":"ä🦙日"}\n\nevent: end\ndata: b\n\n',
  'carriage returns and line feeds': 'data: {"a":"ä🦙日"}\r\n\r\nevent: end\r\ndata: b\r\n\r\n',
  'carriage returns alone': 'data: {"a":"ä🦙日"}\r\revent: end\rdata: b\r\r',
  'a mixture of line ends': 'data: {"a":"ä🦙日"}\r\n\nevent: end\rdata: b\n\r\n',
  comments: ':\n\n: ping\n\ndata: {"a":"ä🦙日"}\n:\n\n:x\nevent: end\n: data: c\ndata: b\n\n:\n\n',
  'a byte order mark': '\uFEFFdata: {"a":"ä🦙日"}\n\nevent: end\ndata: b\n\n',
  'no blank after the colon': 'data:{"a":"ä🦙日"}\n\nevent:end\ndata:b\n\n',
  'identifiers and retry times': 'id: 1\nretry: 5\ndata: {"a":"ä🦙日"}\n\nid\nevent: end\ndata: b\n\n',
  'no last blank line': 'data: {"a":"ä🦙日"}\n\nevent: end\ndata: b\n',
  'no last line end': 'data: {"a":"ä🦙日"}\n\nevent: end\ndata: b',
  'an event without data': 'event: nothing\n\ndata: {"a":"ä🦙日"}\n\nevent: end\ndata: b\n\n',
};

describe('server-sent events', () => {
  for (const [how, stream] of Object.entries(spellings)) {
    it(`with ${how} are the same for every one or two cuts`, async () => {
      assert.deepEqual(await eventsOf(stream), three);
      const { length } = Buffer.from(stream);
      for (const cuts of [...singleCuts(length), ...doubleCuts(length)]) {
        assert.deepEqual(await eventsOf(stream, cuts), three, `cut at ${cuts.join(' and ')}`);
      }
    });
  }

  for (const name of ['completion_stream', 'v1_chat_stream_usage', 'v1_completions_stream_usage']) {
    it(`of the recording ${name} are the same for every cut, and for any number of them`, async () => {
      const { body } = recorded(name);
      const whole = await eventsOf(body);
      assert.ok(whole.length > 3);
      for (const cuts of singleCuts(body.length)) assert.deepEqual(await eventsOf(body, cuts), whole);
      await fc.assert(fc.asyncProperty(anyCuts(body.length), async (cuts) => assert.deepEqual(await eventsOf(body, cuts), whole)));
    });
  }

  it('come back as whatever text was put into them', async () => {
    // A line end within the text would be another line of the stream.
    const text = fc.string({ unit: 'binary', minLength: 1 }).map((any) => any.replace(/[\r\n]/g, '').toWellFormed());
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 5 }), fc.infiniteStream(fc.nat()), fc.constantFrom('\n', '\r\n', '\r'), async (texts, random, end) => {
        const stream = Buffer.from(texts.map((data) => `data: ${data}${end}${end}`).join(''));
        const cuts = [...random.take(10)].map((at) => at % (stream.length + 1));
        assert.deepEqual(await eventsOf(stream, cuts), texts.map((data) => ({ data })));
      }),
    );
  });

  it('with several data lines are joined by line feeds', async () => {
    assert.deepEqual(await eventsOf('data: a\ndata:\ndata: b\n\n'), [{ data: 'a\n\nb' }]);
  });

  it('are handed on with the piece that completes them', async () => {
    const sizes: number[] = [];
    const stream = Buffer.from('data: a\n\ndata: b\n\ndata: c\n\n');
    for await (const events of readSse(piecesOf(stream, [12, 20]))) sizes.push(events.length);
    assert.deepEqual(sizes, [1, 1, 1]);
  });

  it('with bytes that are no UTF-8 hold the replacement character', async () => {
    assert.deepEqual(await eventsOf(Buffer.from([...Buffer.from('data: '), 0xff, 0xc3, 10, 10])), [{ data: '\uFFFD\uFFFD' }]);
  });

  it('are none in an empty stream, or in one of comments', async () => {
    assert.deepEqual(await eventsOf(''), []);
    assert.deepEqual(await eventsOf(':\n\n:\n\n'), []);
  });

  it('longer than 16 Mi characters fail the stream, after those before them', async () => {
    async function* endless() {
      yield Buffer.from('data: a\n\ndata: ');
      for (;;) yield Buffer.alloc(1024 * 1024, 'x');
    }
    const seen: SseEvent[] = [];
    await assert.rejects(
      async () => {
        for await (const events of readSse(endless())) seen.push(...events);
      },
      { kind: 'server', message: /longer than 16 MiB/ },
    );
    assert.deepEqual(seen.map(({ data }) => data), ['a']);
  });

  it('just short of that length are read', async () => {
    const long = 'x'.repeat(16 * 1024 * 1024 - 100);
    const [event] = await eventsOf(`data: ${long}\n\n`, [1, 1_000_000, 9_999_999]);
    assert.equal(event?.data.length, long.length);
  });

  it('stop where the body fails, after those that came before', async () => {
    async function* broken() {
      yield Buffer.from('data: a\n\ndata: b');
      throw new Error('reset');
    }
    const seen: SseEvent[] = [];
    await assert.rejects(
      async () => {
        for await (const events of readSse(broken())) seen.push(...events);
      },
      { message: 'reset' },
    );
    assert.deepEqual(seen.map(({ data }) => data), ['a']);
  });

  it('let go of the body when their reader leaves', async () => {
    let left = false;
    async function* endless() {
      try {
        for (;;) yield Buffer.from('data: a\n\n');
      } finally {
        left = true;
      }
    }
    for await (const events of readSse(endless())) if (events.length > 0) break;
    assert.ok(left);
  });
});
