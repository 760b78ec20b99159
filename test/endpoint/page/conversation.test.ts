/** The conversation of the chat page: what is sent, and what is kept. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { add, type Answer, type Exchange, newAnswer, newExchange, readExchanges, toMessages, writeExchanges } from '../../../nodes/endpoint/page/conversation.ts';
import { Memory, openStore, type Store } from '../../../nodes/endpoint/page/memory.ts';

function exchange(question: string, answer: Partial<Answer> = {}): Exchange {
  return { question, answer: { ...newAnswer(), state: 'done', ...answer } };
}

/** A browser's store that holds only so many characters. */
function storeOf(room: number): Store & { kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => {
      if (value.length > room) throw new Error('QuotaExceededError');
      kept.set(key, value);
    },
    removeItem: (key) => void kept.delete(key),
  };
}

function memoryOf(local = storeOf(Infinity), session = storeOf(Infinity)): Memory {
  return new Memory('http://host/v1/', local, session);
}

describe('what is sent', () => {
  it('is the conversation with the instructions before it', () => {
    const messages = toMessages([exchange('a', { text: 'A' }), newExchange('b')], 'Be short.');
    assert.deepEqual(messages, [
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'A' },
      { role: 'user', content: 'b' },
    ]);
  });

  it('leaves out a question that got no answer', () => {
    const failed = exchange('b', { state: 'failed', failure: { message: 'no' } });
    const messages = toMessages([exchange('a', { text: 'half', state: 'stopped' }), failed, newExchange('c')], ' ');
    assert.deepEqual(messages.map(({ content }) => content), ['a', 'half', 'c']);
  });
});

describe('an answer', () => {
  it('grows by what the stream adds, and keeps its text when it fails', () => {
    const answer = newAnswer();
    for (const delta of [{ thinking: 'Hm' }, { text: 'One' }, { text: ' two' }, { usage: { completion_tokens: 2 } }]) add(answer, delta);
    assert.deepEqual(answer, { state: 'running', text: 'One two', thinking: 'Hm', usage: { completion_tokens: 2 } });
    add(answer, { failure: { message: 'Broken.' } });
    assert.deepEqual(answer, { state: 'failed', text: 'One two', thinking: 'Hm', usage: { completion_tokens: 2 }, failure: { message: 'Broken.' } });
  });
});

describe('what is kept', () => {
  it('comes back as it was', () => {
    const llm = { backend: 'b', route: 'r', attempts: [{ backend: 'x', outcome: 'failed' }], costUsd: 0, timing: { totalMs: 1 } };
    const exchanges = [
      exchange('a', { text: 'A', thinking: 'T', finishReason: 'stop', usage: { prompt_tokens: 1, completion_tokens: 2 }, llm }),
      exchange('b', { state: 'failed', failure: { message: 'no', code: 'auth', status: 401 } }),
    ];
    const memory = memoryOf();
    memory.exchanges = exchanges;
    assert.deepEqual(memory.exchanges, exchanges);
  });

  it('has interrupted the answer that was coming', () => {
    const [kept] = readExchanges(writeExchanges([newExchange('a')]));
    assert.equal(kept?.answer.state, 'interrupted');
  });

  it('is the newest part of what is too long', () => {
    const bounds = { exchanges: 3, characters: 1000 };
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 600 }), { maxLength: 8 }), (questions) => {
        const written = writeExchanges(questions.map((question) => exchange(question)), bounds);
        const kept = readExchanges(written).map(({ question }) => question);
        assert.ok(written.length <= 1000 && kept.length <= 3);
        assert.deepEqual(kept, kept.length === 0 ? [] : questions.slice(-kept.length));
      }),
    );
  });

  it('is less where the browser has less room', () => {
    const memory = memoryOf(storeOf(40_000));
    memory.exchanges = Array.from({ length: 100 }, (_, index) => exchange(`${index} ${'x'.repeat(1000)}`));
    const kept = memory.exchanges;
    assert.ok(kept.length > 5 && kept.length < 40);
    assert.match(kept.at(-1)?.question ?? '', /^99 /);
  });

  it('is nothing where somebody else wrote it', () => {
    for (const json of ['', '{', 'null', '{}', '[1,null,{"question":1}]', '[{"question":"a"}]']) assert.deepEqual(readExchanges(json), [], json);
    fc.assert(fc.property(fc.json(), (json) => void readExchanges(json)));
  });

  it('stands apart for each endpoint, and a key only in the tab', () => {
    const [local, session] = [storeOf(Infinity), storeOf(Infinity)];
    const memory = memoryOf(local, session);
    memory.exchanges = [exchange('a')];
    memory.settings = { model: 'm', system: 's', temperature: '1' };
    memory.key = 'secret';
    assert.deepEqual(new Memory('http://host/v2/', local, session).exchanges, []);
    assert.deepEqual(memoryOf(local, session).settings, { model: 'm', system: 's', temperature: '1' });
    assert.ok(![...local.kept.values()].join().includes('secret'));
    memory.key = '';
    assert.equal(session.kept.size, 0);
  });

  it('lasts as long as the page where the browser keeps nothing', () => {
    const store = openStore(() => {
      throw new Error('SecurityError');
    });
    const memory = memoryOf({ ...storeOf(0), ...store }, { ...storeOf(0), ...store });
    memory.key = 'k';
    assert.equal(memory.key, 'k');
  });
});
