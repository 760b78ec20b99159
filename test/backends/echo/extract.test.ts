/** The echo as an answer: the sentences of the passages that fit the question best. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { EchoClient } from '../../../nodes/backends/echo/client.ts';
import { extract } from '../../../nodes/backends/echo/extract.ts';
import { sentencesOf as readSentences } from '../../../nodes/backends/echo/sentences.ts';
import { citationsOf } from '../../../nodes/core/citations.ts';
import { continuationOf } from '../../../nodes/core/continuation.ts';
import { readContext } from '../../../nodes/core/context.ts';
import { collect, requestOf } from '../../support/requests.ts';

const valves = { title: 'Manual', headings: ['Valves'], text: 'The valve closes at 4 bar. It is made of steel. Open it by hand in spring.' };
const pumps = { title: 'Manual', headings: ['Pumps'], text: 'A pump starts when the pressure falls below 2 bar. Oil it once a year.' };
const context = [valves, pumps];

const sentencesOf = (text: string) => readSentences(text).map((sentence) => sentence.text);

async function answer(prompt: string, llm: object): Promise<string> {
  const client = new EchoClient({ model: 'echo', tokensPerSecond: 0, delayMs: 0, mode: 'extract' });
  return (await collect(client, requestOf(prompt, llm))).answer.text;
}

describe('The sentences of a passage', () => {
  test('are those of its paragraphs and items, without headings, code and marks', () => {
    const text = '## Valves\n\nThe **valve** closes\nat 4 bar. The [manual](manual.md) tells [3]. See also that.\n\n```sh\nopen valve\n```\n\n- Oil it.\n  Once a year.\n- Wait.\n\n---\n\n> Quoted.';
    assert.deepEqual(sentencesOf(text), ['The valve closes at 4 bar.', 'The manual tells.', 'Oil it.', 'Once a year.', 'Wait.', 'Quoted.']);
  });

  test('are also rows of tables, made readable; of figures alone there are none', () => {
    const text = '| property | default | |\n|---|---|---|\n| `attempts` | 3 | how many members are tried |\n| `x` | 1 | 2 |\n\n| kind | from |\n|---|---|\n| `auth` | a bad key |\n';
    assert.deepEqual(sentencesOf(text), ['`attempts` (default: 3): how many members are tried', '`auth`: a bad key']);
    assert.deepEqual(sentencesOf('| `attempts` | 3 | how many'), ['`attempts`: how many']);
  });

  test('of a short list are one with what leads to it', () => {
    assert.deepEqual(sentencesOf('It needs:\n\n- oil\n- water\n\nThat is all.'), ['It needs: oil; water', 'That is all.']);
  });

  test('hold no pipe of a table and no half of code, whatever the text', () => {
    const pieces = fc.constantFrom('| a word ', '|\n', '|---|---|\n', '\n', '\n\n', '`', '```\n', 'Words. ', '- ', '# ', '[1] ', '**');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (list) => {
        for (const sentence of sentencesOf(list.join(''))) assert.ok((sentence.split('`').length - 1) % 2 === 0 && !/^\s*\||\[1\]|\n/.test(sentence), sentence);
      }),
    );
  });
});

describe('An extract', () => {
  test('is what fits the question, with the number of its passage', () => {
    assert.equal(extract('When does the pump start?', readContext(context)), 'A pump starts when the pressure falls below 2 bar [2].');
    assert.equal(extract('When do valves close, and when do pumps start?', readContext(context)), 'The valve closes at 4 bar [1]. A pump starts when the pressure falls below 2 bar [2].');
  });

  test('is the beginning of the first passage where no word is shared', () => {
    assert.equal(extract('Quid novi?', readContext(context)), 'The valve closes at 4 bar [1]. It is made of steel [1].');
  });

  test('says the same sentence once, and is the same each time', () => {
    const twice = readContext([valves, valves]);
    assert.equal(extract('valve', twice), 'The valve closes at 4 bar [1].');
    assert.equal(extract('valve', twice), extract('valve', twice));
  });

  test('is at most three sentences, which all name a passage that there is', () => {
    const words = fc.constantFrom('Valve', 'pump', 'bar.', 'starts', '| a |', '\n', '[7]', 'closes?', 'the');
    const texts = fc.array(words, { maxLength: 60 }).map((list) => list.join(' '));
    fc.assert(
      fc.property(fc.array(texts, { minLength: 1, maxLength: 5 }), texts, (passages, question) => {
        const found = extract(question, readContext(passages));
        if (found === undefined) return;
        assert.equal(citationsOf(found, passages).length, new Set(found.match(/\[\d+\]/g)).size);
        assert.ok((found.match(/\[\d+\]/g) ?? []).length <= 3, found);
      }),
    );
  });

  test('answers the question, not the prompt that was written around it', async () => {
    const question = 'When does the pump start?';
    const prompt = `${question}\n\nThe valve and steel and spring: answer by hand, open it.`;
    assert.equal(await answer(prompt, { context, question }), 'A pump starts when the pressure falls below 2 bar [2].');
    assert.notEqual(await answer(prompt, { context }), await answer(prompt, { context, question }));
    assert.equal(await answer('When is the valve closed?', { context, question }), 'The valve closes at 4 bar [1].', 'a question of another prompt is none of this one');
  });

  test('says in words where there is nothing, with the question again', async () => {
    for (const none of [undefined, [], 'x', [{}], [{ text: '' }]]) assert.match(await answer('What now?', { context: none }), /^No passages .* It was: What now\?$/);
  });

  test('is cut and gone on with like any answer', async () => {
    const question = 'When does the pump start?';
    assert.equal(await answer(question, { context, maxTokens: 3 }), 'A pump starts');
    const client = new EchoClient({ model: 'echo', tokensPerSecond: 0, delayMs: 0, mode: 'extract' });
    const rest = await collect(client, requestOf(continuationOf(question, 'A pump starts', undefined), { context }));
    assert.equal(rest.answer.text, ' when the pressure falls below 2 bar [2].');
  });
});
