import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { EventBus } from '../../../nodes/core/events.ts';
import { maxContentChars } from '../../../nodes/insight/capture/content-copy.ts';
import { Contents } from '../../../nodes/insight/capture/contents.ts';
import { Redaction } from '../../../nodes/insight/capture/redaction.ts';

const image = `data:image/png;base64,${'A'.repeat(4_000)}`;

function contentsOf(t: TestContext, count = 10) {
  const bus = new EventBus();
  const contents = new Contents(bus, new Redaction({ keys: true, emails: true, cards: true, patterns: ['falcon'] }), count);
  t.after(() => contents.close());
  return {
    bus,
    contents,
    ask: (payload: unknown, llm: unknown = {}, id = 'a') => {
      bus.emit('asked', { id, payload, llm });
      return contents.of(id);
    },
  };
}

describe('Content that is kept', () => {
  test('is the prompt as text or JSON, its settings and the answer', async (t) => {
    const { bus, contents, ask } = contentsOf(t);
    assert.deepEqual(await ask('Why?', { model: 'm' }), { prompt: 'Why?', settings: '{"model":"m"}', canReplay: true, redactions: 0 });
    const messages = [{ role: 'user', content: 'Why, Falcon?' }];
    await ask(messages, undefined, 'b');
    bus.emit('answered', { id: 'b', text: 'Ask ann@example.org.' });
    assert.deepEqual(await contents.of('b'), { prompt: '[{"role":"user","content":"Why, [redacted]?"}]', settings: '{}', answer: 'Ask [redacted].', canReplay: true, redactions: 2 });
  });

  test('is copied at once: what becomes of the message is no matter', async (t) => {
    const { contents, ask } = contentsOf(t);
    const messages = [{ role: 'user', content: 'Why?' }];
    await ask(messages);
    messages[0]!.content = 'changed';
    assert.equal((await contents.of('a'))?.prompt, '[{"role":"user","content":"Why?"}]');
  });

  test('may be sent again as it is kept', async (t) => {
    const { contents, ask } = contentsOf(t);
    await ask('{"a": 1}', { temperature: 0.5 });
    await ask([{ role: 'user', content: 'Falcon?' }], undefined, 'b');
    assert.deepEqual([await contents.replayOf('a'), await contents.replayOf('b'), await contents.replayOf('c')], [{ payload: '{"a": 1}', llm: { temperature: 0.5 } }, { payload: [{ role: 'user', content: '[redacted]?' }], llm: {} }, undefined]);
  });

  test('names images and other files by their size, and is then another request', async (t) => {
    const { contents, ask } = contentsOf(t);
    const parts = [{ role: 'user', content: [{ type: 'image_url', image_url: { url: image } }, { type: 'text', text: `See ![it](${image}) and ${'a'.repeat(300)}` }] }];
    const content = await ask(parts);
    assert.ok(!content?.prompt.includes('AAAA'));
    assert.deepEqual([content?.prompt.match(/\[image\/png, 3000 bytes\]/g)?.length, content?.prompt.includes('a'.repeat(300)), content?.canReplay, await contents.replayOf('a')], [2, true, false, undefined]);
    assert.equal((await ask(`${image}${'A'.repeat(5_000_000)}`))?.prompt, '[image/png, 3753000 bytes]');
    assert.equal((await ask({ file: Buffer.from('secret') }))?.prompt, '{"file":"[binary, 6 bytes]"}');
  });

  test('is cut where it is long, without leaving half of a secret', async (t) => {
    const { contents, ask } = contentsOf(t);
    for (const at of [-40, -20, -5, 0, 5]) {
      const text = `${'x'.repeat(maxContentChars + at - 20)} sk-${'a1'.repeat(20)} ${'y'.repeat(100_000)}`;
      for (const payload of [text, [{ role: 'user', content: text }, { role: 'user', content: 'more' }]]) {
        const content = await ask(payload);
        assert.ok(content && content.prompt.length <= maxContentChars + 1 && content.prompt.length > maxContentChars - 5_000);
        assert.ok(!content.prompt.includes('sk-a1'), content.prompt.slice(-100));
        assert.deepEqual([content.canReplay, await contents.replayOf('a')], [false, undefined]);
      }
    }
  });

  test('has no half of a secret either where much was taken out before', async (t) => {
    const { ask } = contentsOf(t);
    const block = `-----BEGIN PRIVATE KEY-----${'x'.repeat(10_000)}-----END PRIVATE KEY-----`;
    for (let length = maxContentChars - 20_000; length < maxContentChars; length += 7) {
      const content = await ask(`${block}${'y'.repeat(length)} sk-${'a1'.repeat(20)} ${'z'.repeat(100_000)}`);
      assert.doesNotMatch(content?.prompt ?? '', /sk-a1/);
    }
  });

  test('of a message without end, or of what is no data at all, does no harm', async (t) => {
    const { ask } = contentsOf(t);
    const circle: { self?: unknown; list: unknown[] } = { list: [] };
    circle.self = circle;
    circle.list.push(circle, circle, circle);
    assert.equal((await ask(circle))?.canReplay, false);
    assert.deepEqual(await Promise.all([undefined, null, 12n, () => 1, Symbol('x'), new Map([[1, 2]]), JSON.parse('{"__proto__":1}')].map(async (payload) => (await ask(payload))?.prompt)), ['null', 'null', '"12"', 'null', 'null', '{}', '{"__proto__":1}']);
    assert.equal((await ask(Array(1_000_000).fill(0)))?.canReplay, false);
  });

  test('is of the last requests alone', async (t) => {
    const { contents, ask, bus } = contentsOf(t, 3);
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      await ask(id, {}, id);
      contents.finish(id, id !== 'd');
    }
    bus.emit('answered', { id: 'e', text: 'late' });
    assert.deepEqual([contents.size, await contents.of('a'), await contents.of('d'), (await contents.of('e'))?.prompt, (await contents.of('e'))?.answer], [3, undefined, undefined, 'e', undefined]);
    for (let number = 0; number < 600; number++) await ask('under way', {}, `${number}`);
    assert.deepEqual([contents.size, await contents.of('99'), (await contents.of('100'))?.prompt], [503, undefined, 'under way']);
  });
});
