import fc from 'fast-check';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ChunkTemplate } from '../../../nodes/formats/openai-chat/chunk-template.ts';

interface Chunk {
  model: string;
  delta: { content: string };
  echo?: string;
}

function chunkOf(content: string, rest: Partial<Chunk> = {}): string {
  return JSON.stringify({ id: 'x', delta: { content }, model: 'm', ...rest });
}

function readText(chunk: string): string | undefined {
  return (JSON.parse(chunk) as Chunk).delta.content;
}

describe('A chunk template', () => {
  test('gives the same text as parsing does, or none, whatever the text and its neighbors', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), fc.string(), fc.string(), (first, second, model, other) => {
        const template = ChunkTemplate.of(chunkOf(first, { model }), first, readText);
        const chunk = chunkOf(second, { model: other });
        const text = template?.textOf(chunk);
        if (text !== undefined) assert.equal(text, readText(chunk));
        if (text !== undefined) assert.equal((JSON.parse(chunk) as Chunk).model, model);
      }),
      { numRuns: 2_000 },
    );
  });

  test('reads a plain text without parsing', () => {
    const template = ChunkTemplate.of(chunkOf('Once'), 'Once', readText);
    assert.equal(template?.textOf(chunkOf(' upon a time, 很久以前 🦙')), ' upon a time, 很久以前 🦙');
  });

  test('leaves what must be unescaped to the parser', () => {
    const template = ChunkTemplate.of(chunkOf('Once'), 'Once', readText);
    for (const text of ['"', '\\', '\n', 'a"b', '\u0007', '']) assert.equal(template?.textOf(chunkOf(text)), undefined, JSON.stringify(text));
  });

  test('is not made where the same text stands in the chunk twice, or in another place than the one that counts', () => {
    assert.equal(ChunkTemplate.of(chunkOf('m'), 'm', readText), undefined);
    assert.equal(ChunkTemplate.of(JSON.stringify({ role: 'Once', delta: { content: 'twice' } }), 'Once', readText), undefined);
  });
});
