/** What the chat page makes of what the API says. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readChunk, readErrorBody, readModels } from '../../../nodes/endpoint/page/wire.ts';

const said = (delta: unknown, finish_reason: string | null = null) => JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] });

describe('a chunk', () => {
  it('adds text, a refusal, thinking and the reason of the end', () => {
    assert.deepEqual(readChunk(said({ role: 'assistant', content: 'Hi' })), { text: 'Hi' });
    assert.deepEqual(readChunk(said({ refusal: 'No.' })), { text: 'No.' });
    assert.deepEqual(readChunk(said({ reasoning_content: 'Hm' })), { thinking: 'Hm' });
    assert.deepEqual(readChunk(said({ content: '' }, 'stop')), { finishReason: 'stop' });
  });

  it('tells at the end how the flow came to the answer', () => {
    const llm = {
      backend: 'gpu-box',
      route: 'A / local',
      attempts: [{ backend: 'cloud', branch: 'B', outcome: 'failed', error: 'rate_limit', ms: 12 }],
      costUsd: 0.002,
      timing: { firstTokenMs: 5, totalMs: 50, tokensPerSecond: 42.5 },
    };
    const usage = { prompt_tokens: 3, completion_tokens: 7 };
    assert.deepEqual(readChunk(JSON.stringify({ choices: [], usage: { ...usage, total_tokens: 10 }, llm })), { usage, llm });
  });

  it('tells what the answer cites', () => {
    const cited = { number: 2, title: 'Pump', headings: ['Valves'], source: 'pump.md', page: 3 };
    const citations = [{ ...cited, start: 0, end: 9 }, { number: 1, headings: ['a', 7] }, { title: 'no number' }, null, 'x'];
    const llm = (given: unknown) => readChunk(JSON.stringify({ choices: [], llm: { attempts: [], citations: given } })).llm?.citations;
    assert.deepEqual(llm(citations), [cited, { number: 1, title: '', headings: ['a'], source: '' }]);
    assert.deepEqual(llm([]), []);
    assert.equal(llm('x'), undefined);
  });

  it('leaves out what is not as agreed', () => {
    assert.deepEqual(readChunk('{"choices":[null],"usage":{"prompt_tokens":"3"},"llm":{"attempts":[1],"timing":[],"costUsd":null}}'), {
      usage: {},
      llm: { attempts: [], timing: {} },
    });
  });

  it('may be a failure', () => {
    const error = { message: 'Too long. Shorten it.', type: 'invalid_request_error', code: 'context_length' };
    assert.deepEqual(readChunk(JSON.stringify({ error })), { failure: { message: error.message, code: 'context_length' } });
    assert.equal(readChunk('{"error":"broken"}').failure?.message, 'broken');
    assert.match(readChunk('<html>').failure?.message ?? '', /no JSON/);
  });

  it('is read whatever it holds', () => {
    fc.assert(fc.property(fc.json(), (json) => void readChunk(json)));
    fc.assert(fc.property(fc.string(), (text) => void readChunk(text)));
  });
});

describe('an answer that is not 200', () => {
  it('says why, where the API wrote it', () => {
    const delta = readErrorBody('{"error":{"message":"No key.","code":"auth"}}', 401);
    assert.deepEqual(delta, { failure: { message: 'No key.', code: 'auth', status: 401 } });
  });

  it('says nothing where a proxy wrote it', () => {
    for (const body of ['<h1>Bad gateway</h1>', '', '[]', '{}', 'null']) assert.equal(readErrorBody(body, 502), undefined, body);
  });
});

describe('the list of models', () => {
  it('gives their names', () => {
    assert.deepEqual(readModels('{"object":"list","data":[{"id":"fast"},{"id":7},null,{"id":"smart"}]}'), ['fast', 'smart']);
  });

  it('is empty where there is none', () => {
    for (const body of ['', '{}', '[]', '{"data":{}}']) assert.deepEqual(readModels(body), [], body);
  });
});
