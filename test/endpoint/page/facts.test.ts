/** The line below an answer of the chat page. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Answer, newAnswer } from '../../../nodes/endpoint/page/conversation.ts';
import { factsOf, failedAttempts, noteOf, sourcesOf } from '../../../nodes/endpoint/page/facts.ts';

const answer: Answer = {
  ...newAnswer(),
  state: 'done',
  text: 'a',
  usage: { prompt_tokens: 1234, completion_tokens: 56 },
  llm: {
    backend: 'gpu-box',
    route: 'A',
    attempts: [
      { backend: 'cloud', branch: 'first', outcome: 'failed', error: 'rate_limit', ms: 12.4 },
      { backend: 'hedge', outcome: 'cancelled' },
      { backend: 'gpu-box', outcome: 'ok', ms: 1500 },
    ],
    costUsd: 0.00123,
    timing: { tokensPerSecond: 41.7, totalMs: 1512 },
  },
};

describe('the facts of an answer', () => {
  it('are who gave it, how fast and for how much', () => {
    const facts = factsOf(answer).map(({ label, value }) => `${label}: ${value}`);
    assert.deepEqual(facts, ['Backend: gpu-box', 'Route: A', 'Speed: 42 tok/s', 'Tokens: 1,234 in, 56 out', 'Time: 1.5 s', 'Cost: $0.0012']);
  });

  it('are none where the server tells none', () => {
    assert.deepEqual(factsOf(newAnswer()), []);
    assert.deepEqual(failedAttempts(newAnswer()), []);
  });

  it('name what failed before', () => {
    assert.deepEqual(failedAttempts(answer), ['first · cloud: rate limit, after 12 ms', 'hedge: cancelled']);
  });

  it('say why an answer is shorter than it should be', () => {
    assert.equal(noteOf(answer), undefined);
    assert.match(noteOf({ ...answer, finishReason: 'length' }) ?? '', /limit of tokens/);
    assert.match(noteOf({ ...answer, state: 'interrupted' }) ?? '', /page was left/);
    assert.match(noteOf({ ...answer, text: '' }) ?? '', /no text/);
    assert.equal(noteOf({ ...answer, state: 'failed' }), undefined);
  });
});

describe('the sources of an answer', () => {
  const cited = { number: 1, title: 'Pump', headings: ['Pump', 'Valves'], source: 'docs/pump.md' };
  const sources = (...citations: Array<Partial<typeof cited> & { page?: number }>) =>
    sourcesOf({ ...answer, llm: { attempts: [], timing: {}, citations: citations.map((citation) => ({ ...cited, ...citation })) } });

  it('stand in the order of their numbers, each with its place and its path', () => {
    assert.deepEqual(sources({ number: 3, page: 7 }, {}), [
      { number: '[1]', place: 'Pump › Valves', path: 'docs/pump.md' },
      { number: '[3]', place: 'Pump › Valves, page 7', path: 'docs/pump.md' },
    ]);
  });

  it('say nothing twice, and link to web pages alone', () => {
    assert.deepEqual(sources({ title: '', headings: [] }), [{ number: '[1]', place: 'docs/pump.md' }]);
    assert.deepEqual(sources({ title: '', headings: [], source: '' }), [{ number: '[1]', place: 'a passage' }]);
    assert.deepEqual(sources({ headings: [], source: 'https://example.com/a' }), [{ number: '[1]', place: 'Pump', path: 'https://example.com/a', link: 'https://example.com/a' }]);
    assert.equal(sources({ source: 'javascript:alert(1)' })[0]?.link, undefined);
  });

  it('are none where nothing is cited', () => {
    assert.deepEqual([sourcesOf(answer), sourcesOf(newAnswer())], [[], []]);
  });
});
