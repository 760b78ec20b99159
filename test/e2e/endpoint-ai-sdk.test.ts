/** Vercel's AI SDK, by its OpenAI-compatible provider, against a running Node-RED, over every backend, a pool and a fallback. */
import { APICallError, embed, embedMany, generateText, isStepCount, jsonSchema, Output, StreamProviderError, streamText, tool } from 'ai';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { calledIn } from '../../nodes/core/conversation/calls.ts';
import { assertFormat, assertImage, endpoints, png, recordedAnswer, schema, toolNamesIn, ways } from '../support/client-checks.ts';
import { cleanEnvironment } from '../support/environment.ts';
import { tokensOf, vectorOf } from '../support/fake-embeddings.ts';
import { endpoint, type Gateway, startGateway } from '../support/gateway.ts';
import { place, providers, providerSecret } from '../support/providers.ts';

cleanEnvironment();
// It has one for each tool choice that the older API does not know.
globalThis.AI_SDK_LOG_WARNINGS = false;

const clientKey = 'sk-client-secret-9f1e';
const prompt = 'Hello there';
/** A failure is to be seen at once; the SDK would try twice more. */
const maxRetries = 0;

const saysSunny = tool({ description: 'The weather', inputSchema: jsonSchema<{ city: string }>(schema), execute: () => 'sunny' });
const places = Output.object({ schema: jsonSchema<typeof place>(schema), name: 'place' });

/** The error that a call ends with. */
async function errorOf(call: PromiseLike<unknown>): Promise<APICallError> {
  const error: unknown = await call.then(
    () => assert.fail('A failure was expected.'),
    (error: unknown) => error,
  );
  assert.ok(APICallError.isInstance(error), String(error));
  assert.ok(!`${error.message}${error.responseBody}`.includes(providerSecret), error.message);
  return error;
}

function codeOf({ data }: APICallError): unknown {
  return (data as { error: { code: unknown } }).error.code;
}

async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** What a stream brings: its text, and the errors among its parts. */
async function partsOf(stream: ReturnType<typeof streamText>): Promise<{ text: string; errors: unknown[] }> {
  const parts = await listOf(stream.stream);
  return {
    text: parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join(''),
    errors: parts.flatMap((part) => (part.type === 'error' ? [part.error] : [])),
  };
}

describe('The AI SDK', () => {
  let gateway: Gateway;

  before(async () => {
    gateway = await startGateway(() => [...endpoints(), endpoint('keyed', 'echo', { models: [{ name: 'small', model: '' }], credentials: { keys: `ann: ${clientKey}` } })]);
  });

  after(() => gateway?.stop());

  const model = (path: string, name = 'text') => gateway.aiSdk(path)(name);

  for (const [path, name] of ways) {
    test(`gets the same text, reason and usage over ${path}, whole and streamed`, async () => {
      const { text, usage } = await recordedAnswer(name, 'text');
      const whole = await generateText({ model: model(path), prompt, maxRetries });
      const stream = streamText({ model: model(path), prompt, maxRetries });
      const chunks = await listOf(stream.textStream);
      assert.ok(chunks.length > 1, 'It came in pieces.');
      assert.equal(chunks.join(''), text);
      assert.equal(whole.text, text);
      assert.equal(whole.finishReason, await stream.finishReason);
      for (const { inputTokens, outputTokens } of [whole.usage, await stream.usage]) assert.deepEqual([inputTokens, outputTokens], [usage.inputTokens, usage.outputTokens]);
      for (const { id, modelId } of [whole.finalStep.response, (await stream.finalStep).response]) {
        assert.match(id, /^chatcmpl-/);
        assert.equal(modelId, 'text');
      }
    });

    test(`calls tools over ${path}, and brings their results`, async () => {
      const { toolCalls, thinking } = await recordedAnswer(name, 'tools');
      const { text } = await recordedAnswer(name, 'text');
      const expected = toolCalls.map((call) => [call.id, calledIn(call).name, JSON.parse(calledIn(call).input) as unknown]);
      const tools = Object.fromEntries(toolCalls.map((call) => [calledIn(call).name, saysSunny]));
      const request = { model: model(path), prompt, maxRetries, tools, stopWhen: isStepCount(2) };
      for (const { steps, text: said } of [await generateText(request), await finished(streamText(request))]) {
        const [first, second] = steps;
        assert.deepEqual(first?.toolCalls.map(({ toolCallId, toolName, input }) => [toolCallId, toolName, input]), expected);
        assert.deepEqual([first?.finishReason, first?.reasoningText], ['tool-calls', thinking || undefined]);
        assert.deepEqual([second?.text, said], [text, text]);
        const { json, text: seen } = gateway.providers.last();
        assert.deepEqual(toolNamesIn(json['tools']), Object.keys(tools));
        assert.equal(seen.match(/sunny/g)?.length, expected.length);
      }
    });

    test(`asks for JSON by a schema, and shows images, over ${path}`, async () => {
      const request = { model: model(path, 'json'), prompt, maxRetries, output: places };
      assert.deepEqual((await generateText(request)).output, place);
      assertFormat(name, gateway.providers.last().json, 'place');
      assert.deepEqual(await streamText(request).output, place);

      const content = [{ type: 'text' as const, text: 'What is this?' }, { type: 'file' as const, mediaType: 'image/png', data: Buffer.from(png, 'base64') }];
      await generateText({ model: model(path), messages: [{ role: 'user', content }], maxRetries });
      assertImage(name, gateway.providers.last().json);
    });
  }

  test('embeds texts over whatever gives embeddings', async () => {
    const values = ['Hello there', 'A cat', 'Hello there again'];
    for (const [path, name] of [...ways, ['/echo', 'echo']] as const) {
      if (name === 'anthropic') continue;
      const { embeddings, usage } = await embedMany({ model: gateway.aiSdk(path).embeddingModel('text'), values, maxRetries });
      if (name !== 'echo') assert.deepEqual(embeddings, values.map((value) => vectorOf(value)));
      assert.deepEqual([embeddings.length, usage.tokens], [3, tokensOf(values)]);
      const { embedding } = await embed({ model: gateway.aiSdk(path).embeddingModel('text'), value: 'A cat', maxRetries });
      assert.deepEqual(embedding, embeddings[1]);
    }
    const { embedding } = await embed({ model: gateway.aiSdk('/openai').embeddingModel('text'), value: 'A cat', providerOptions: { gateway: { dimensions: 2 } } });
    assert.deepEqual(embedding, vectorOf('A cat', 2));
    const error = await errorOf(embed({ model: gateway.aiSdk('/anthropic').embeddingModel('text'), value: 'A cat', maxRetries }));
    assert.deepEqual([error.statusCode, error.isRetryable, codeOf(error)], [404, false, 'not_found']);
  });

  test('completes a text over the older API', async () => {
    const request = { model: gateway.aiSdk('/echo').completionModel('any'), prompt, maxRetries };
    const whole = await generateText(request);
    assert.match(whole.text, /Hello there/);
    const stream = streamText(request);
    assert.equal((await listOf(stream.textStream)).join(''), whole.text);
    assert.deepEqual([await stream.finishReason, (await stream.usage).outputTokens], [whole.finishReason, whole.usage.outputTokens]);
  });

  for (const name of providers) {
    test(`sees a failure of ${name} by its status, and whether to try again`, async () => {
      const cases = [[400, 400, 'invalid_request', false], [401, 502, 'auth', true], [404, 404, 'not_found', false], [500, 502, 'server', true], [503, 503, 'overloaded', true]] as const;
      for (const [status, seen, code, isRetryable] of cases) {
        const request = { model: model(`/${name}`, `status-${status}`), prompt, maxRetries };
        const error = await errorOf(generateText(request));
        assert.deepEqual([error.statusCode, codeOf(error), error.isRetryable], [seen, code, isRetryable]);
        const { errors: [streamed] } = await partsOf(streamText({ ...request, onError: () => undefined }));
        assert.ok(APICallError.isInstance(streamed), String(streamed));
        assert.deepEqual([streamed.statusCode, codeOf(streamed)], [seen, code]);
      }
    });

    test(`sees a stream of ${name} break off`, async () => {
      for (const broken of ['broken', 'failing']) {
        const stream = streamText({ model: model(`/${name}`, broken), prompt, maxRetries, onError: () => undefined });
        const { text, errors: [error] } = await partsOf(stream);
        assert.notEqual(text, '', 'A part had come.');
        assert.ok(StreamProviderError.isInstance(error), String(error));
        assert.ok(['interrupted', 'overloaded'].includes(String(error.code)), String(error.code));
        assert.ok(!error.message.includes(providerSecret));
        assert.equal(await stream.finishReason, 'error');
      }
    });

    test(`closes the connection to ${name} when it is told to stop`, async () => {
      const controller = new AbortController();
      const begun = gateway.providers.nextHanging();
      const stream = streamText({ model: model(`/${name}`, 'hang'), prompt, abortSignal: controller.signal });
      const types: string[] = [];
      for await (const { type } of stream.stream) {
        types.push(type);
        if (type === 'text-delta') controller.abort();
      }
      assert.equal(types.at(-1), 'abort');
      await (await begun).closed;

      const other = new AbortController();
      const alsoBegun = gateway.providers.nextHanging();
      const whole = generateText({ model: model(`/${name}`, 'hang'), prompt, abortSignal: other.signal });
      const { closed } = await alsoBegun;
      other.abort();
      await assert.rejects(whole, { name: 'AbortError' });
      await closed;
    });
  }

  test('is told whose fault a refusal is', async () => {
    const ask = (name: string, apiKey: string) => generateText({ model: gateway.aiSdk('/keyed', { apiKey })(name), prompt, maxRetries });
    assert.equal((await ask('small', clientKey)).text, prompt);
    const wrongKey = await errorOf(ask('small', 'sk-wrong'));
    assert.deepEqual([wrongKey.statusCode, wrongKey.isRetryable, codeOf(wrongKey)], [401, false, 'auth']);
    const wrongName = await errorOf(ask('large', clientKey));
    assert.deepEqual([wrongName.statusCode, wrongName.isRetryable, codeOf(wrongName)], [404, false, 'not_found']);
    assert.match(wrongName.message, /Ask for one of: small/);
  });

  test('brings its other settings to the provider', async () => {
    await generateText({
      model: model('/openai'), instructions: 'Be brief.', prompt, maxOutputTokens: 5, temperature: 0.5, topP: 0.9, stopSequences: ['END'], seed: 7, presencePenalty: 0.1,
      reasoning: 'low', providerOptions: { gateway: { user: 'ann', logit_bias: { 5: 1 } } },
    });
    const { model: _model, stream: _stream, stream_options: _options, ...rest } = gateway.providers.last().json;
    const messages = [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: prompt }];
    const sampling = { max_tokens: 5, temperature: 0.5, top_p: 0.9, stop: ['END'], seed: 7, presence_penalty: 0.1 };
    assert.deepEqual(rest, { messages, ...sampling, reasoning_effort: 'low', user: 'ann', logit_bias: { 5: 1 } });
  });

  test('learns who answered, and after how many attempts', async () => {
    const { headers } = (await generateText({ model: model('/gateway'), prompt })).finalStep.response;
    assert.deepEqual([headers?.['x-llm-backend'], headers?.['x-llm-attempts']], ['vllm', '2']);
  });

  test('is told when to try again', async () => {
    const error = await errorOf(generateText({ model: model('/vllm', 'status-429'), prompt, maxRetries }));
    assert.deepEqual([error.statusCode, error.isRetryable, error.responseHeaders?.['retry-after-ms']], [429, true, '2000']);
  });

  test('leaves nothing open at the providers, and no key, prompt or answer in the log', async () => {
    while (gateway.providers.open() > 0) await new Promise((resolve) => void setImmediate(resolve));
    for (const secret of [clientKey, providerSecret, 'sk-backend-key', prompt, place.city]) assert.ok(!gateway.nodeRed.log().includes(secret), secret);
  });
});

/** A stream's outcome, when it is over. */
async function finished<S>(stream: { steps: PromiseLike<S>; text: PromiseLike<string> }): Promise<{ steps: S; text: string }> {
  return { steps: await stream.steps, text: await stream.text };
}
