/** Valid requests to Anthropic's Messages API, as the reference and the SDK's types describe them. */
import fc from 'fast-check';

/** Something to read in it: the API refuses blank text. */
const words = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => text.trim() !== '' && text.isWellFormed());
const id = fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/);
const mark = fc.option(fc.record({ type: fc.constant('ephemeral'), ttl: fc.constantFrom('5m', '1h') }, { requiredKeys: ['type'] }), { nil: undefined });
const base64 = fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('base64'));

function marked<Block extends object>(block: fc.Arbitrary<Block>): fc.Arbitrary<object> {
  return fc.tuple(block, mark).map(([inner, cache]) => ({ ...inner, ...(cache && { cache_control: cache }) }));
}

const citation = fc.record({ type: fc.constant('char_location'), cited_text: words, document_index: fc.nat(5), start_char_index: fc.nat(9), end_char_index: fc.nat(99) });
const text = marked(fc.record({ type: fc.constant('text'), text: words }));
const citedText = fc.record({ type: fc.constant('text'), text: words, citations: fc.array(citation, { minLength: 1, maxLength: 2 }) });
const image = marked(
  fc.record({
    type: fc.constant('image'),
    source: fc.oneof(
      fc.record({ type: fc.constant('base64'), media_type: fc.constantFrom('image/png', 'image/jpeg', 'image/webp', 'image/gif'), data: base64 }),
      fc.record({ type: fc.constant('url'), url: fc.constant('https://pictures.example.com/1.png') }),
      fc.record({ type: fc.constant('file'), file_id: id }),
    ),
  }),
);
const document = marked(
  fc.record(
    {
      type: fc.constant('document'),
      source: fc.oneof(
        fc.record({ type: fc.constant('base64'), media_type: fc.constant('application/pdf'), data: base64 }),
        fc.record({ type: fc.constant('text'), media_type: fc.constant('text/plain'), data: words }),
        fc.record({ type: fc.constant('url'), url: fc.constant('https://papers.example.com/1.pdf') }),
        fc.record({ type: fc.constant('content'), content: fc.array(fc.record({ type: fc.constant('text'), text: words }), { minLength: 1, maxLength: 2 }) }),
        fc.record({ type: fc.constant('file'), file_id: id }),
      ),
      title: words,
      context: words,
      citations: fc.record({ enabled: fc.boolean() }),
    },
    { requiredKeys: ['type', 'source'] },
  ),
);
const searchResult = marked(
  fc.record({ type: fc.constant('search_result'), source: words, title: words, content: fc.array(fc.record({ type: fc.constant('text'), text: words }), { minLength: 1, maxLength: 2 }) }),
);
const userBlock = fc.oneof(text, image, document, searchResult, fc.record({ type: fc.constant('container_upload'), file_id: id }));

const thinking = fc.record({ type: fc.constant('thinking'), thinking: fc.string({ maxLength: 20 }).filter((thought) => thought.isWellFormed()), signature: base64 });
const redacted = fc.record({ type: fc.constant('redacted_thinking'), data: base64 });
const serverCall = fc.record({ type: fc.constant('server_tool_use'), id, name: fc.constant('web_search'), input: fc.record({ query: words }) });
const serverResult = fc.record({
  type: fc.constant('web_search_tool_result'),
  tool_use_id: id,
  content: fc.array(fc.record({ type: fc.constant('web_search_result'), url: fc.constant('https://example.com'), title: words, encrypted_content: base64 }), { maxLength: 2 }),
});
const spokenBlock = fc.oneof(text, citedText, thinking, redacted, serverCall, serverResult);

function content<Block>(block: fc.Arbitrary<Block>): fc.Arbitrary<string | Block[]> {
  return fc.oneof(words, fc.array(block, { minLength: 1, maxLength: 4 }));
}

const input = fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.oneof(words, fc.integer(), fc.boolean()), { maxKeys: 3 });

/** A turn with calls of tools, and the turn with their results. */
const calling = fc
  .tuple(
    fc.array(spokenBlock, { maxLength: 2 }),
    fc.array(fc.record({ name: id, input }), { minLength: 1, maxLength: 3 }),
    fc.array(fc.record({ content: fc.oneof(fc.constant(undefined), content(fc.oneof(text, image, document, searchResult))), is_error: fc.option(fc.boolean(), { nil: undefined }), cache_control: mark }), { minLength: 3, maxLength: 3 }),
    fc.array(userBlock, { maxLength: 2 }),
    fc.boolean(),
  )
  .map(([spoken, calls, results, asked, hasCaller]) => (number: number) => [
    {
      role: 'assistant',
      content: [
        ...spoken,
        ...calls.map((call, at) => ({ type: 'tool_use', id: `toolu_${number}_${at}`, ...call, ...(hasCaller && { caller: { type: 'direct' } }) })),
      ],
    },
    { role: 'user', content: [...calls.map((_call, at) => ({ type: 'tool_result', tool_use_id: `toolu_${number}_${at}`, ...results[at] })), ...asked] },
  ]);

const speaking = fc.oneof(
  { weight: 3, arbitrary: fc.record({ role: fc.constant('user'), content: content(userBlock) }) },
  { weight: 3, arbitrary: fc.record({ role: fc.constant('assistant'), content: content(spokenBlock) }) },
  { weight: 1, arbitrary: fc.record({ role: fc.constant('system'), content: content(text) }) },
);

const messages = fc
  .array(fc.oneof({ weight: 2, arbitrary: speaking.map((message) => (): object[] => [message]) }, { weight: 1, arbitrary: calling }), { minLength: 1, maxLength: 6 })
  .map((turns) => turns.flatMap((turn, at) => turn(at)));

const ownTool = fc.oneof(
  fc.record({ type: fc.constant('web_search_20260318'), name: fc.constant('web_search'), max_uses: fc.nat(5) }, { requiredKeys: ['type', 'name'] }),
  fc.record({ type: fc.constant('bash_20250124'), name: fc.constant('bash') }),
);
const customTool = fc.record(
  {
    name: id,
    type: fc.constant('custom'),
    description: words,
    input_schema: fc.constant({ type: 'object', properties: { city: { type: 'string' } } }),
    strict: fc.boolean(),
    defer_loading: fc.boolean(),
    input_examples: fc.array(fc.record({ city: words }), { minLength: 1, maxLength: 2 }),
    cache_control: fc.constant({ type: 'ephemeral' }),
  },
  { requiredKeys: ['name', 'input_schema'] },
);
const parallel = fc.option(fc.boolean(), { nil: undefined });
const choice = fc.oneof(
  fc.record({ type: fc.constantFrom('auto', 'any'), disable_parallel_tool_use: parallel }),
  fc.record({ type: fc.constant('tool'), name: id, disable_parallel_tool_use: parallel }),
  fc.record({ type: fc.constant('none') }),
);

const tools = fc.option(fc.record({ tools: fc.array(fc.oneof(customTool, ownTool), { minLength: 1, maxLength: 3 }), tool_choice: fc.option(choice, { nil: undefined }) }), { nil: {} });

const settings = fc.record(
  {
    system: fc.oneof(words, fc.array(text, { minLength: 1, maxLength: 3 })),
    temperature: fc.constantFrom(0, 0.5, 1),
    top_p: fc.constantFrom(0.1, 1),
    top_k: fc.nat(100),
    stop_sequences: fc.array(words, { minLength: 1, maxLength: 2 }),
    metadata: fc.record({ user_id: id }),
    service_tier: fc.constantFrom('auto', 'standard_only'),
    inference_geo: fc.constant('eu'),
    thinking: fc.oneof(
      fc.record({ type: fc.constant('enabled'), budget_tokens: fc.integer({ min: 1024, max: 30_000 }) }),
      fc.record({ type: fc.constant('adaptive'), display: fc.constantFrom('summarized', 'omitted') }),
      fc.record({ type: fc.constant('disabled') }),
    ),
    output_config: fc.record(
      { effort: fc.constantFrom('low', 'medium', 'high', 'xhigh', 'max'), format: fc.constant({ type: 'json_schema', schema: { type: 'object', properties: {} } }), task_budget: fc.constant({ type: 'tokens', total: 9 }) },
      { requiredKeys: [] },
    ),
    cache_control: fc.constant({ type: 'ephemeral', ttl: '1h' }),
    container: id,
    context_management: fc.constant({ edits: [{ type: 'clear_tool_uses_20250919' }] }),
    mcp_servers: fc.constant([{ type: 'url', name: 'search', url: 'https://mcp.example.com' }]),
    a_field_of_tomorrow: fc.jsonValue({ maxDepth: 2 }).filter((value) => value !== null),
  },
  { requiredKeys: [] },
);

export const anthropicRequest = fc
  .tuple(messages, settings, tools)
  .map(([conversation, given, offered]) => ({ model: 'claude', max_tokens: 1000, messages: conversation, ...given, ...offered }));

const count = fc.nat(5000);
const answeredBlock = fc.oneof(
  fc.record({ type: fc.constant('text'), text: words }),
  citedText,
  thinking,
  redacted,
  serverCall,
  serverResult,
  fc.record({ type: fc.constant('tool_use'), id, name: id, input }),
  fc.record({ type: fc.constant('a_block_of_tomorrow'), says: words }),
);

/** Valid answers. */
export const anthropicAnswer = fc
  .record({
    id: id.map((end) => `msg_${end}`),
    content: fc.array(answeredBlock, { minLength: 1, maxLength: 6 }),
    end: fc.oneof(
      fc.record({ stop_reason: fc.constantFrom('end_turn', 'max_tokens', 'pause_turn', 'model_context_window_exceeded') }),
      fc.record({ stop_reason: fc.constant('stop_sequence'), stop_sequence: words }),
      fc.record({ stop_reason: fc.constant('refusal'), stop_details: fc.record({ type: fc.constant('refusal'), category: fc.constant('cyber'), explanation: words }) }),
    ),
    usage: fc.record(
      {
        input_tokens: count,
        output_tokens: count,
        cache_read_input_tokens: count,
        cache_creation_input_tokens: count,
        cache_creation: fc.record({ ephemeral_5m_input_tokens: count, ephemeral_1h_input_tokens: count }),
        output_tokens_details: fc.record({ thinking_tokens: count }),
        server_tool_use: fc.record({ web_search_requests: count }),
        service_tier: fc.constant('standard'),
        inference_geo: fc.constant('eu'),
      },
      { requiredKeys: ['input_tokens', 'output_tokens'] },
    ),
    more: fc.record({ container: fc.record({ id, expires_at: fc.constant('2026-12-01T00:00:00Z') }), context_management: fc.constant({ applied_edits: [] }) }, { requiredKeys: [] }),
  })
  .map(({ end, more, ...message }) => {
    const calls = message.content.some(({ type }) => type === 'tool_use');
    const ended = calls && ['end_turn', 'stop_sequence'].includes(end.stop_reason) ? { stop_reason: 'tool_use' } : end;
    return { type: 'message', role: 'assistant', model: 'claude', ...message, ...ended, ...more };
  });

/** The events in which the API streams a message. */
export function eventsOf(message: Record<string, unknown>): object[] {
  const { content, stop_reason, stop_sequence = null, stop_details, container, context_management, usage, ...head } = message;
  const { input_tokens, ...counts } = usage as Record<string, unknown>;
  const blocks = (content as Array<Record<string, unknown>>).flatMap((block, index) => blockEvents(block, index));
  return [
    { type: 'message_start', message: { ...head, content: [], stop_reason: null, stop_sequence: null, usage: { ...counts, input_tokens, output_tokens: 1 } } },
    { type: 'ping' },
    ...blocks,
    { type: 'message_delta', delta: { stop_reason, stop_sequence, stop_details, container }, usage: { output_tokens: counts['output_tokens'] }, context_management },
    { type: 'message_stop' },
  ];
}

function blockEvents(block: Record<string, unknown>, index: number): object[] {
  const delta = (fields: object) => ({ type: 'content_block_delta', index, delta: fields });
  const inPieces = (text: string) => [text.slice(0, 3), text.slice(3)].filter((piece) => piece !== '');
  const { type } = block;
  const [start, deltas] = ((): [object, object[]] => {
    if (type === 'text') {
      const citations = (block['citations'] ?? []) as object[];
      return [{ type, text: '' }, [...inPieces(String(block['text'])).map((text) => delta({ type: 'text_delta', text })), ...citations.map((citation) => delta({ type: 'citations_delta', citation }))]];
    }
    if (type === 'thinking') {
      const thoughts = inPieces(String(block['thinking'])).map((thinking) => delta({ type: 'thinking_delta', thinking }));
      return [{ type, thinking: '', signature: '' }, [...thoughts, delta({ type: 'signature_delta', signature: block['signature'] })]];
    }
    if (type === 'tool_use' || type === 'server_tool_use') {
      return [{ ...block, input: {} }, inPieces(JSON.stringify(block['input'])).map((json) => delta({ type: 'input_json_delta', partial_json: json }))];
    }
    return [block, []];
  })();
  return [{ type: 'content_block_start', index, content_block: start }, ...deltas, { type: 'content_block_stop', index }];
}
