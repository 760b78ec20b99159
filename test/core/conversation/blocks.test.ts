/** An assistant's turn as ordered blocks, and what a flow may do with the views of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assistantMessage, blocksOf } from '../../../nodes/core/conversation/blocks.ts';
import type { Block, ToolCall } from '../../../nodes/core/conversation/message.ts';

const call: ToolCall = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } };
const blocks: Block[] = [
  { type: 'thinking', thinking: 'Hm. ', anthropic: { signature: 'S1' } },
  { type: 'text', text: 'I look.', anthropic: { cache_control: { type: 'ephemeral' }, citations: [{ cited_text: 'x' }] } },
  { type: 'call', call },
  { type: 'own', dialect: 'anthropic', block: { type: 'redacted_thinking', data: 'R' } },
  { type: 'text', text: ' Done.' },
];

describe('An assistant’s message', () => {
  it('shows its text, its calls and its thinking, and keeps the order of all of it', () => {
    const message = assistantMessage(blocks);
    assert.deepEqual([message.content, message.tool_calls, message.thinking, message.thinkingSignature], ['I look. Done.', [call], 'Hm. ', 'S1']);
    assert.deepEqual(blocksOf(JSON.parse(JSON.stringify(message)) as typeof message), blocks);
  });

  it('is a plain chat message where that says all', () => {
    assert.deepEqual(assistantMessage([{ type: 'text', text: 'Hi' }, { type: 'call', call }]), { role: 'assistant', content: 'Hi', tool_calls: [call] });
  });

  it('with another text keeps the mark for the cache, and loses what was cited for the old words', () => {
    const changed = blocksOf({ ...assistantMessage(blocks), content: 'I look elsewhere.' });
    assert.deepEqual(changed[1], { type: 'text', text: 'I look elsewhere.', anthropic: { cache_control: { type: 'ephemeral' } } });
    assert.deepEqual(changed.map(({ type }) => type), ['thinking', 'text', 'call', 'own']);
  });

  it('with other thinking loses the proof of it', () => {
    const [thought] = blocksOf({ ...assistantMessage(blocks), thinking: 'Something else' });
    assert.deepEqual(thought, { type: 'thinking', thinking: 'Something else' });
  });

  it('has the calls that a flow has left in it, and new ones last', () => {
    const other: ToolCall = { ...call, id: 'd' };
    const changed = blocksOf({ ...assistantMessage(blocks), tool_calls: [other] });
    assert.deepEqual(changed.flatMap((block) => (block.type === 'call' ? [block.call.id] : [])), ['d']);
    assert.equal(changed.at(-1)?.type, 'call');
  });
});
