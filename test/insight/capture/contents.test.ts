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
  test('is the prompt as text or JSON, its settings and the answer', (t) => {
    const { bus, contents, ask } = contentsOf(t);
    assert.deepEqual(ask('Why?', { model: 'm' }), { prompt: 'Why?', settings: '{"model":"m"}', canReplay: true, redactions: 0 });
    const messages = [{ role: 'user', content: 'Why, Falcon?' }];
    ask(messages, undefined, 'b');
    bus.emit('answered', { id: 'b', text: 'Ask ann@example.org.' });
    assert.deepEqual(contents.of('b'), { prompt: '[{"role":"user","content":"Why, [redacted]?"}]', settings: '{}', answer: 'Ask [redacted].', canReplay: true, redactions: 2 });
  });

  test('is copied at once: what becomes of the message is no matter', (t) => {
    const { contents, ask } = contentsOf(t);
    const messages = [{ role: 'user', content: 'Why?' }];
    ask(messages);
    messages[0]!.content = 'changed';
    assert.equal(contents.of('a')?.prompt, '[{"role":"user","content":"Why?"}]');
  });

  test('may be sent again as it is kept', (t) => {
    const { contents, ask } = contentsOf(t);
    ask('{"a": 1}', { temperature: 0.5 });
    ask([{ role: 'user', content: 'Falcon?' }], undefined, 'b');
    assert.deepEqual([contents.replayOf('a'), contents.replayOf('b'), contents.replayOf('c')], [{ payload: '{"a": 1}', llm: { temperature: 0.5 } }, { payload: [{ role: 'user', content: '[redacted]?' }], llm: {} }, undefined]);
  });

  test('names images and other files by their size, and is then another request', (t) => {
    const { contents, ask } = contentsOf(t);
    const parts = [{ role: 'user', content: [{ type: 'image_url', image_url: { url: image } }, { type: 'text', text: `See ![it](${image}) and ${'a'.repeat(300)}` }] }];
    const content = ask(parts);
    assert.ok(!content?.prompt.includes('AAAA'));
    assert.deepEqual([content?.prompt.match(/\[image\/png, 3000 bytes\]/g)?.length, content?.prompt.includes('a'.repeat(300)), content?.canReplay, contents.replayOf('a')], [2, true, false, undefined]);
    assert.equal(ask(`${image}${'A'.repeat(5_000_000)}`)?.prompt, '[image/png, 3753000 bytes]');
    assert.equal(ask({ file: Buffer.from('secret') })?.prompt, '{"file":"[binary, 6 bytes]"}');
  });

  test('is cut where it is long, without leaving half of a secret', (t) => {
    const { contents, ask } = contentsOf(t);
    for (const at of [-40, -20, -5, 0, 5]) {
      const text = `${'x'.repeat(maxContentChars + at - 20)} sk-${'a1'.repeat(20)} ${'y'.repeat(100_000)}`;
      for (const payload of [text, [{ role: 'user', content: text }, { role: 'user', content: 'more' }]]) {
        const content = ask(payload);
        assert.ok(content && content.prompt.length <= maxContentChars + 1 && content.prompt.length > maxContentChars - 5_000);
        assert.ok(!content.prompt.includes('sk-a1'), content.prompt.slice(-100));
        assert.deepEqual([content.canReplay, contents.replayOf('a')], [false, undefined]);
      }
    }
  });

  test('has no half of a secret either where much was taken out before', (t) => {
    const { ask } = contentsOf(t);
    const block = `-----BEGIN PRIVATE KEY-----${'x'.repeat(10_000)}-----END PRIVATE KEY-----`;
    for (let length = maxContentChars - 20_000; length < maxContentChars; length += 7) {
      const content = ask(`${block}${'y'.repeat(length)} sk-${'a1'.repeat(20)} ${'z'.repeat(100_000)}`);
      assert.doesNotMatch(content?.prompt ?? '', /sk-a1/);
    }
  });

  test('of a message without end, or of what is no data at all, does no harm', (t) => {
    const { ask } = contentsOf(t);
    const circle: { self?: unknown; list: unknown[] } = { list: [] };
    circle.self = circle;
    circle.list.push(circle, circle, circle);
    assert.equal(ask(circle)?.canReplay, false);
    assert.deepEqual([undefined, null, 12n, () => 1, Symbol('x'), new Map([[1, 2]]), JSON.parse('{"__proto__":1}')].map((payload) => ask(payload)?.prompt), ['null', 'null', '"12"', 'null', 'null', '{}', '{"__proto__":1}']);
    assert.equal(ask(Array(1_000_000).fill(0))?.canReplay, false);
  });

  test('is of the last requests alone', (t) => {
    const { contents, ask, bus } = contentsOf(t, 3);
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      ask(id, {}, id);
      contents.finish(id, id !== 'd');
    }
    bus.emit('answered', { id: 'e', text: 'late' });
    assert.deepEqual([contents.size, contents.of('a'), contents.of('d'), contents.of('e')?.prompt, contents.of('e')?.answer], [3, undefined, undefined, 'e', undefined]);
    for (let number = 0; number < 600; number++) ask('under way', {}, `${number}`);
    assert.deepEqual([contents.size, contents.of('99'), contents.of('100')?.prompt], [503, undefined, 'under way']);
  });
});
