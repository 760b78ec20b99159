import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maxPromptChars, readRequest, checkSettings } from '../../nodes/core/request.ts';

const hello = { role: 'user', content: 'Hello' } as const;

function problemOf(overrides: unknown, payload: unknown = 'Hello'): string {
  try {
    readRequest(payload, overrides, {});
  } catch (error) {
    assert.equal((error as { kind?: string }).kind, 'invalid_request');
    return (error as Error).message;
  }
  assert.fail('It was taken.');
}

test('a prompt alone is a request', () => {
  const { messages, priority, stop, extra } = readRequest('Hello', undefined, {});
  assert.deepEqual(messages, [hello]);
  assert.deepEqual({ priority, stop, extra }, { priority: 0, stop: undefined, extra: undefined });
});

test("the message's overrides win over the node's settings, one by one", () => {
  const settings = { model: 'small', maxTokens: 10, temperature: 0.5, topP: 0.9, system: 'Be kind.', stop: ['END'] };
  const overrides = { model: 'large', temperature: 0, seed: 7, priority: 5, timeoutMs: 1000, session: 's', toolChoice: 'auto', responseFormat: { type: 'json_object' }, tools: [] };
  const request = readRequest('Hello', overrides, settings);
  assert.deepEqual(request, {
    messages: [{ role: 'system', content: 'Be kind.' }, hello],
    model: 'large',
    maxTokens: 10,
    temperature: 0,
    topP: 0.9,
    stop: ['END'],
    seed: 7,
    priority: 5,
    timeoutMs: 1000,
    session: 's',
    toolChoice: 'auto',
    responseFormat: { type: 'json_object' },
    extra: undefined,
  });
});

test('an override that is undefined or null leaves the setting', () => {
  const { model, maxTokens } = readRequest('Hello', { model: undefined, maxTokens: null }, { model: 'small', maxTokens: 10 });
  assert.deepEqual({ model, maxTokens }, { model: 'small', maxTokens: 10 });
});

test('no overrides are null or undefined, but nothing else that is no object', () => {
  assert.deepEqual(readRequest('Hello', null, {}).messages, [hello]);
  for (const overrides of ['fast', 7, true, ['model']]) assert.match(problemOf(overrides), /^msg\.llm must be an object\./);
});

test('extra fields of the node and of the message are merged, those of the message win', () => {
  const { extra } = readRequest('Hello', { extra: { top_k: 5 } }, { extra: { top_k: 1, min_p: 0.1 } });
  assert.deepEqual(extra, { top_k: 5, min_p: 0.1 });
  assert.deepEqual(readRequest('Hello', { extra: { top_k: 5 } }, {}).extra, { top_k: 5 });
  assert.deepEqual(readRequest('Hello', {}, { extra: { top_k: 1 } }).extra, { top_k: 1 });
});

test('the conversation cannot be replaced by an override', () => {
  assert.deepEqual(readRequest('Hello', { messages: [], payload: 'x' }, {}).messages, [hello]);
});

test('the system prompt comes first, and joins one that is there', () => {
  const settings = { system: 'Be kind.' };
  assert.deepEqual(readRequest([hello], undefined, settings).messages, [{ role: 'system', content: 'Be kind.' }, hello]);
  assert.deepEqual(readRequest([{ role: 'system', content: 'Be brief.', name: 'x' }, hello], undefined, settings).messages, [
    { role: 'system', content: 'Be kind.\n\nBe brief.', name: 'x' },
    hello,
  ]);
  assert.equal(readRequest('Hello', { system: 'Be strict.' }, settings).messages[0]?.content, 'Be strict.');
  assert.deepEqual(readRequest('Hello', { system: '' }, settings).messages, [hello], 'an empty override takes it away');
});

test("the caller's messages are not changed", () => {
  const payload = [{ role: 'system', content: 'Be brief.' }, hello];
  const before = structuredClone(payload);
  readRequest(payload, undefined, { system: 'Be kind.' });
  assert.deepEqual(payload, before);
});

test('stop sequences are a string or an array of strings', () => {
  const stopOf = (stop: unknown) => readRequest('Hello', { stop }, {}).stop;
  assert.deepEqual(stopOf('END'), ['END']);
  assert.deepEqual(stopOf(['a', 'b']), ['a', 'b']);
  for (const none of [undefined, null, '', []]) assert.equal(stopOf(none), undefined);
  for (const wrong of [7, [''], ['a', 7], { a: 1 }]) assert.match(problemOf({ stop: wrong }), /msg\.llm\.stop must be/);
});

test('a number out of bounds or of another type is refused by its name', () => {
  const wrong: Array<[string, unknown[], string]> = [
    ['maxTokens', [0, -1, 1.5, '10', NaN, 10_000_001], 'whole number from 1 to 10000000'],
    ['temperature', [-0.1, 5.1, '0.5', NaN, {}], 'number from 0 to 5'],
    ['topP', [-0.1, 1.1, true], 'number from 0 to 1'],
    ['seed', [0.5, 2 ** 54], 'whole number from'],
    ['priority', ['high', Infinity], 'number from -1000000 to 1000000'],
    ['timeoutMs', [0, -5, '10', Infinity, NaN], 'number from 1 to 86400000'],
  ];
  for (const [name, values, bounds] of wrong) {
    for (const value of values) assert.ok(problemOf({ [name]: value }).startsWith(`msg.llm.${name} must be a ${bounds}`), `${name}: ${String(value)}`);
  }
});

test('a field of another type is refused by its name', () => {
  assert.match(problemOf({ model: 7 }), /^msg\.llm\.model must be a string\./);
  assert.match(problemOf({ session: {} }), /^msg\.llm\.session must be a string\./);
  assert.match(problemOf({ system: ['Be kind.'] }), /^msg\.llm\.system must be a string\./);
  assert.match(problemOf({ tools: {} }), /^msg\.llm\.tools must be an array/);
  assert.match(problemOf({ extra: 'x' }), /^msg\.llm\.extra must be an object\./);
  assert.match(problemOf({ responseFormat: 'json' }), /^msg\.llm\.responseFormat must be an object\./);
});

test('settings from elsewhere are refused by the names that they have there', () => {
  const nameOf = (name: string) => name.toUpperCase();
  assert.throws(() => checkSettings({ maxTokens: 0 }, nameOf), /MAXTOKENS must be a whole number/);
  for (const wrong of ['model', 'tools', 'extra', 'responseFormat', 'stop']) assert.throws(() => checkSettings({ [wrong]: 7 }, nameOf), new RegExp(`${wrong.toUpperCase()} must be`));
  checkSettings({ maxTokens: 1, model: 'm', stop: ['a'], unknown: 7 }, nameOf);
});

test('a prompt over the bound is refused, one at the bound is taken', () => {
  const most = 'x'.repeat(maxPromptChars);
  assert.equal(readRequest(most, undefined, {}).messages.length, 1);
  assert.match(problemOf(undefined, `${most}y`), /^The prompt has 20000001 characters; at most 20000000 are taken\./);
  assert.match(problemOf({ system: 'y' }, most), /20000001 characters/);
});

test('images count towards the bound, and no message hides behind another', () => {
  const url = `data:image/png;base64,${'x'.repeat(maxPromptChars / 2)}`;
  const part = { type: 'image_url', image_url: { url } };
  assert.match(problemOf(undefined, [{ role: 'user', content: [part, part] }]), /^The prompt has 20000044 characters/);
  assert.match(problemOf(undefined, [{ role: 'user', content: [part] }, { role: 'user', content: [part] }]), /^The prompt has 20000044 characters/);
  assert.equal(readRequest([{ role: 'user', content: [part] }], undefined, {}).messages.length, 1);
});

test('a payload and overrides hold only so many values, only so deep', () => {
  const wide = Array.from({ length: 100_001 }, () => hello);
  assert.match(problemOf({}, wide), /^msg\.payload holds more than 100,000 values\./);
  assert.match(problemOf({ extra: { rows: wide } }), /^msg\.llm holds more than 100,000 values\./);
  const loop: Record<string, unknown> = {};
  loop['again'] = loop;
  assert.match(problemOf({ extra: loop }), /^msg\.llm is nested more than 200 levels deep\./);
  assert.match(problemOf({}, [{ ...hello, note: loop }]), /^msg\.payload is nested more than 200 levels deep\./);
});
