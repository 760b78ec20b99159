import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cleanEnvironment } from '../../support/environment.ts';
import { fixture } from '../../support/fixtures.ts';
import { collect, failureOf, requestOf } from '../../support/requests.ts';
import { hello, openAt, stream } from './subject.ts';

cleanEnvironment();

describe('The completions API', () => {
  it('is used by itself for the models that know no chat', async (t) => {
    const { client, server } = await openAt(t, hello);
    for (const model of ['gpt-3.5-turbo-instruct', 'davinci-002', 'babbage-002', 'ft:davinci-002:me::1', 'gpt-4o', 'qwen2.5-instruct', 'gpt-3.5-turbo']) {
      await collect(client, requestOf('x', { model }));
    }
    const paths = server.requests.map(({ path }) => path.replace('/v1/', ''));
    assert.deepEqual(paths, [...Array(4).fill('completions'), ...Array(3).fill('chat/completions')]);
  });

  it('is used or not as the node says, whatever the model', async (t) => {
    const completions = await openAt(t, hello, { api: 'completions' });
    await collect(completions.client, requestOf('x', { model: 'gpt-4o' }));
    assert.equal(completions.server.requests[0]?.path, '/v1/completions');
    const chat = await openAt(t, hello, { api: 'chat' });
    await collect(chat.client, requestOf('x', { model: 'davinci-002' }));
    assert.equal(chat.server.requests[0]?.path, '/v1/chat/completions');
  });

  it('gets the conversation as one text', async (t) => {
    const { client, server } = await openAt(t, stream(fixture('openai/completions.txt')));
    const { answer } = await collect(client, requestOf('Tell a story.', { model: 'gpt-3.5-turbo-instruct', system: 'Be brief.', maxTokens: 5 }));
    assert.deepEqual(server.requests[0]?.json, {
      model: 'gpt-3.5-turbo-instruct',
      prompt: 'Be brief.\n\nTell a story.',
      max_tokens: 5,
      stream: true,
      stream_options: { include_usage: true },
    });
    assert.equal(answer.text, '\n\nOnce upon a time');
    assert.equal(answer.finishReason, 'length');
    assert.deepEqual(answer.usage, { inputTokens: 5, outputTokens: 5 });
  });

  it('takes no images', async (t) => {
    const { client, server } = await openAt(t, hello);
    const content = [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }];
    const failure = await failureOf(collect(client, requestOf([{ role: 'user', content }], { model: 'davinci-002' })));
    assert.equal(failure.kind, 'invalid_request');
    assert.equal(server.requests.length, 0);
  });
});
