/** Valid requests to OpenAI's `/chat/completions`, as the reference and the SDK's types describe them. */
import fc from 'fast-check';

const words = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => text.isWellFormed());
const id = fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/);
const base64 = fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('base64'));
const breakpoint = { prompt_cache_breakpoint: fc.constant({ mode: 'explicit' }) };

const text = fc.record({ type: fc.constant('text'), text: words, ...breakpoint }, { requiredKeys: ['type', 'text'] });
const image = fc.record(
  {
    type: fc.constant('image_url'),
    image_url: fc.record({ url: fc.oneof(fc.constant('https://example.com/1.png'), base64.map((data) => `data:image/png;base64,${data}`)), detail: fc.constantFrom('low', 'auto', 'original') }, { requiredKeys: ['url'] }),
    ...breakpoint,
  },
  { requiredKeys: ['type', 'image_url'] },
);
const audio = fc.record({ type: fc.constant('input_audio'), input_audio: fc.record({ data: base64, format: fc.constantFrom('wav', 'mp3') }) });
const file = fc.record({
  type: fc.constant('file'),
  file: fc.oneof(fc.record({ file_id: id }), fc.record({ file_data: base64.map((data) => `data:application/pdf;base64,${data}`), filename: words })),
});
const userContent = fc.oneof(words, fc.array(fc.oneof(text, image, audio, file), { minLength: 1, maxLength: 3 }));
const plainContent = fc.oneof(words, fc.array(text, { minLength: 1, maxLength: 2 }));
const refusal = fc.record({ type: fc.constant('refusal'), refusal: words });

const json = fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.oneof(words, fc.integer()), { maxKeys: 3 }).map((value) => JSON.stringify(value));
const call = fc.oneof(
  fc.record({ type: fc.constant('function'), function: fc.record({ name: id, arguments: json }) }),
  fc.record({ type: fc.constant('custom'), custom: fc.record({ name: id, input: words }) }),
);

const speaking = fc.oneof(
  fc.record({ role: fc.constantFrom('system', 'developer'), content: plainContent, name: id }, { requiredKeys: ['role', 'content'] }),
  fc.record({ role: fc.constant('user'), content: userContent, name: id }, { requiredKeys: ['role', 'content'] }),
  fc.record({ role: fc.constant('assistant'), content: fc.oneof(words, fc.array(fc.oneof(text, refusal), { minLength: 1, maxLength: 3 })), name: id }, { requiredKeys: ['role', 'content'] }),
  fc.record({ role: fc.constant('assistant'), refusal: words }),
  fc.record({ role: fc.constant('assistant'), audio: fc.record({ id }) }),
);

const calling = fc
  .tuple(fc.option(plainContent, { nil: undefined }), fc.array(call, { minLength: 1, maxLength: 3 }), fc.array(plainContent, { minLength: 3, maxLength: 3 }))
  .map(([content, calls, results]) => (number: number) => [
    { role: 'assistant', content, tool_calls: calls.map((one, at) => ({ id: `call_${number}_${at}`, ...one })) },
    ...calls.map((_one, at) => ({ role: 'tool', tool_call_id: `call_${number}_${at}`, content: results[at] })),
  ]);

const legacyCalling = fc
  .record({ name: id, arguments: json, result: words })
  .map(({ result, ...called }) => () => [{ role: 'assistant', content: null, function_call: called }, { role: 'function', name: called.name, content: result }]);

const messages = fc
  .array(fc.oneof({ weight: 4, arbitrary: speaking.map((message) => (): object[] => [message]) }, { weight: 2, arbitrary: calling }, { weight: 1, arbitrary: legacyCalling }), { minLength: 1, maxLength: 6 })
  .map((turns) => turns.flatMap((turn, at) => turn(at)));

const schema = fc.constant({ type: 'object', properties: { city: { type: 'string' } } });
const described = fc.record({ name: id, description: words, parameters: schema, strict: fc.boolean() }, { requiredKeys: ['name'] });
const tool = fc.oneof(
  described.map((called) => ({ type: 'function', function: called })),
  fc.record({ name: id, description: words, format: fc.constant({ type: 'grammar', grammar: { syntax: 'lark', definition: 'start: "a"' } }) }, { requiredKeys: ['name'] }).map((custom) => ({ type: 'custom', custom })),
);
const choice = fc.oneof(
  fc.constantFrom('none', 'auto', 'required'),
  id.map((name) => ({ type: 'function', function: { name } })),
  id.map((name) => ({ type: 'custom', custom: { name } })),
  id.map((name) => ({ type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name } }] } })),
);
const tools = fc.oneof(
  fc.constant({}),
  fc.record({ tools: fc.array(tool, { minLength: 1, maxLength: 3 }), tool_choice: choice, parallel_tool_calls: fc.boolean() }, { requiredKeys: ['tools'] }),
  fc.record({ functions: fc.array(described, { minLength: 1, maxLength: 2 }), function_call: fc.oneof(fc.constant('auto'), fc.record({ name: id })) }, { requiredKeys: ['functions'] }),
);

const settings = fc.record(
  {
    temperature: fc.constantFrom(0, 1, 2),
    top_p: fc.constantFrom(0.1, 1),
    stop: fc.array(words, { minLength: 1, maxLength: 4 }),
    seed: fc.integer(),
    response_format: fc.oneof(fc.constant({ type: 'json_object' }), fc.constant({ type: 'json_schema', json_schema: { name: 'answer', schema: {}, strict: true, description: 'd' } })),
    reasoning_effort: fc.constantFrom('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'),
    verbosity: fc.constantFrom('low', 'high'),
    frequency_penalty: fc.constantFrom(-2, 0.5),
    logit_bias: fc.constant({ 50256: -100 }),
    logprobs: fc.constant(true),
    top_logprobs: fc.nat(20),
    modalities: fc.constant(['text', 'audio']),
    audio: fc.constant({ voice: 'alloy', format: 'wav' }),
    prediction: fc.record({ type: fc.constant('content'), content: words }),
    metadata: fc.dictionary(id, words, { minKeys: 1, maxKeys: 2 }),
    store: fc.boolean(),
    service_tier: fc.constantFrom('auto', 'flex'),
    web_search_options: fc.constant({ search_context_size: 'low' }),
    prompt_cache_key: id,
    a_field_of_tomorrow: fc.jsonValue({ maxDepth: 2 }).filter((value) => value !== null),
  },
  { requiredKeys: [] },
);
const limit = fc.oneof(fc.constant({}), fc.record({ max_tokens: fc.integer({ min: 1, max: 9000 }) }), fc.record({ max_completion_tokens: fc.integer({ min: 1, max: 9000 }) }));
const user = fc.oneof(fc.constant({}), fc.record({ user: id }), fc.record({ safety_identifier: id }));

export const chatRequest = fc
  .tuple(messages, settings, tools, limit, user)
  .map(([conversation, given, offered, most, asker]) => ({ model: 'gpt', messages: conversation, ...given, ...offered, ...most, ...asker }));

const count = fc.nat(5000);
const logprob = fc.record({ token: words, logprob: fc.constantFrom(-0.5, -1), bytes: fc.constant([1]), top_logprobs: fc.constant([]) });
const said = fc.oneof(
  fc.record({ content: words, annotations: fc.array(fc.constant({ type: 'url_citation', url_citation: { start_index: 0, end_index: 1, url: 'https://example.com', title: 't' } }), { minLength: 1, maxLength: 2 }) }, { requiredKeys: ['content'] }),
  fc.record({ content: fc.constant(null), refusal: words }),
  fc.record({ content: fc.oneof(fc.constant(null), words), tool_calls: fc.uniqueArray(fc.tuple(id, call), { minLength: 1, maxLength: 3, selector: ([own]) => own }).map((calls) => calls.map(([own, one]) => ({ id: own, ...one }))) }),
  fc.record({ content: fc.constant(null), audio: fc.record({ id, data: base64, expires_at: count, transcript: words }) }),
);

/** Valid answers. */
export const chatAnswer = fc
  .record({
    id: id.map((end) => `chatcmpl-${end}`),
    created: count,
    message: said,
    reason: fc.constantFrom('stop', 'length', 'content_filter'),
    logprobs: fc.option(fc.record({ content: fc.array(logprob, { minLength: 1, maxLength: 3 }) }), { nil: null }),
    more: fc.record({ system_fingerprint: id, service_tier: fc.constant('default') }, { requiredKeys: [] }),
    prompt_tokens: count,
    completion_tokens: count,
    details: fc.record(
      {
        prompt_tokens_details: fc.record({ cached_tokens: count, audio_tokens: count }),
        completion_tokens_details: fc.record({ reasoning_tokens: count, accepted_prediction_tokens: count, rejected_prediction_tokens: count }),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ id: own, created, message, reason, logprobs, more, details, ...counts }) => ({
    id: own,
    object: 'chat.completion',
    created,
    model: 'gpt',
    ...more,
    choices: [{ index: 0, message: { role: 'assistant', ...message }, logprobs, finish_reason: 'tool_calls' in message && reason === 'stop' ? 'tool_calls' : reason }],
    usage: { ...counts, total_tokens: counts.prompt_tokens + counts.completion_tokens, ...details },
  }));

/** The chunks in which the API streams an answer. */
export function chunksOf({ choices, usage, object: _object, ...head }: Record<string, unknown>): object[] {
  const [{ message, logprobs, finish_reason }] = choices as [{ message: Record<string, unknown>; logprobs: { content: object[] } | null; finish_reason: string }];
  const chunk = (delta: object, others: object = {}) => ({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, logprobs: null, finish_reason: null, ...others }] });
  const inPieces = (text: string) => [text.slice(0, 2), text.slice(2)].filter((piece) => piece !== '');
  const { role, content, refusal, tool_calls: calls = [], ...own } = message;
  const texts = typeof content === 'string' ? inPieces(content) : [];
  return [
    chunk({ role, content: '' }),
    ...texts.map((text) => chunk({ content: text })),
    ...(logprobs?.content ?? []).map((one) => chunk({}, { logprobs: { content: [one] } })),
    ...(typeof refusal === 'string' ? inPieces(refusal).map((text) => chunk({ refusal: text })) : []),
    ...(calls as Array<Record<string, unknown>>).flatMap((one, index) => {
      const type = one['type'] as 'function' | 'custom';
      const field = type === 'custom' ? 'input' : 'arguments';
      const called = one[type] as Record<string, string>;
      const text = called[field] as string;
      return [
        chunk({ tool_calls: [{ index, id: one['id'], type, [type]: { ...called, [field]: '' } }] }),
        ...inPieces(text).map((piece) => chunk({ tool_calls: [{ index, [type]: { [field]: piece } }] })),
      ];
    }),
    ...(Object.keys(own).length > 0 ? [chunk(own)] : []),
    chunk({}, { finish_reason }),
    { ...head, object: 'chat.completion.chunk', choices: [], usage },
  ];
}
