/** The legacy server's stream: cumulative lines that repeat the prompt become an answer, wherever the network cuts them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readLegacyAnswer } from '../../../nodes/backends/vllm/legacy-stream.ts';
import type { StreamPart } from '../../../nodes/core/completion.ts';
import type { RequestSettings } from '../../../nodes/core/request.ts';
import { failureOf, requestOf } from '../../support/requests.ts';
import { anyCuts, doubleCuts, flatten, piecesOf, singleCuts } from '../../support/splits.ts';

const provider = { id: 'vllm', label: 'vLLM', url: 'http://localhost:8000' };

function partsOf(stream: string | Uint8Array, prompt: string, cuts: readonly number[] = [], settings: RequestSettings = {}): Promise<StreamPart[]> {
  return flatten(readLegacyAnswer({ body: piecesOf(Buffer.from(stream), cuts), prompt, provider, request: requestOf('Hi', settings) }));
}

/** As Python's `json.dumps` writes it: everything but ASCII is escaped, half a character at a time. */
function pythonJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\u007F-\uFFFF]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A line for each state of the answer. */
function lines(prompt: string, states: readonly string[], { end = '\n', json = pythonJson }: { end?: string; json?: (value: unknown) => string } = {}): string {
  return states.map((answer) => json({ text: [prompt + answer] }) + end).join('');
}

/** The states of an answer that grows by one token after the other. */
function growing(tokens: readonly string[]): string[] {
  return tokens.map((_, at) => tokens.slice(0, at + 1).join(''));
}

const finish: StreamPart = { type: 'finish', reason: 'unknown' };
const text = (text: string): StreamPart => ({ type: 'text', text });
const textsOf = (parts: readonly StreamPart[]) => parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));

describe("the stream of vLLM's legacy server", () => {
  for (const [end, name] of [['\n', 'line feeds'], ['\0', 'NUL']] as const) {
    for (const json of [pythonJson, JSON.stringify]) {
      it(`with ${name} and ${json.name} is the same for every one or two cuts`, async () => {
        const stream = Buffer.from(lines('Say: ä', ['', '\n', '\n🦙', '\n🦙!'], { end, json }));
        const expected = [text('\n'), text('🦙'), text('!'), finish];
        for (const cuts of [...singleCuts(stream.length), ...doubleCuts(stream.length)]) {
          assert.deepEqual(await partsOf(stream, 'Say: ä', cuts), expected, `cut at ${cuts.join(' and ')}`);
        }
      });
    }
  }

  it('is the whole answer for any prompt, any tokens and any cuts, and each piece is whole characters', async () => {
    const anyText = fc.string({ unit: 'binary' }).map((any) => any.toWellFormed());
    // Any unit of UTF-16 may be a token of its own, so that characters come in halves.
    const tokens = fc.array(fc.string({ unit: 'binary', maxLength: 4 }), { maxLength: 8 }).map((parts) => parts.join('').toWellFormed().split(''));
    await fc.assert(
      fc.asyncProperty(anyText, tokens, fc.constantFrom('\n', '\0'), fc.infiniteStream(fc.nat()), async (prompt, tokens, end, random) => {
        const stream = Buffer.from(lines(prompt, ['', ...growing(tokens)], { end }));
        const cuts = [...random.take(12)].map((at) => at % (stream.length + 1));
        const parts = await partsOf(stream, prompt, cuts);
        assert.equal(textsOf(parts).join(''), tokens.join(''));
        assert.deepEqual(parts.at(-1), finish);
        assert.ok(textsOf(parts).every((piece) => piece !== '' && piece.isWellFormed()));
      }),
    );
  });

  it('is the same for any number of cuts', async () => {
    const stream = Buffer.from(lines('Once upon a time', growing([',', ' there', ' was', ' a', ' 日', '本', ' llama', '.'])));
    await fc.assert(
      fc.asyncProperty(anyCuts(stream.length), async (cuts) => {
        assert.deepEqual(textsOf(await partsOf(stream, 'Once upon a time', cuts)), [',', ' there', ' was', ' a', ' 日', '本', ' llama', '.']);
      }),
    );
  });

  it('is an empty answer where every line is the prompt alone', async () => {
    assert.deepEqual(await partsOf(lines('Hi', ['', '', '']), 'Hi'), [finish]);
  });

  it('loses only the first prompt where the answer repeats it', async () => {
    assert.deepEqual(textsOf(await partsOf(lines('Hi', ['Hi', 'HiHi']), 'Hi')), ['Hi', 'Hi']);
  });

  it('waits for the second half of a character, and for one that the server has not put together yet', async () => {
    assert.deepEqual(textsOf(await partsOf(lines('Hi', ['a\uD83E', 'a🦙', 'a🦙\uFFFD', 'a🦙é']), 'Hi')), ['a', '🦙', 'é']);
  });

  it('hands on at the end what never became whole', async () => {
    assert.deepEqual(textsOf(await partsOf(lines('Hi', ['a\uFFFD']), 'Hi')), ['a', '\uFFFD']);
  });

  it('never shows the beginning of a stop sequence that the server then takes back', async () => {
    const states = ['a', 'a #', 'a ##', 'a ## b', 'a ## b\n', 'a ## b\n#', 'a ## b\n##', 'a ## b'];
    const pieces = textsOf(await partsOf(lines('Hi', states), 'Hi', [], { stop: ['\n###', '###'] }));
    assert.equal(pieces.join(''), 'a ## b');
  });

  it('accepts a line that takes something back, for what was shown cannot be', async () => {
    assert.deepEqual(await partsOf(lines('Hi', ['a', 'a EN', 'a ']), 'Hi'), [text('a'), text(' EN'), finish]);
  });

  it('takes a last line without its end, and blank ones between', async () => {
    assert.deepEqual(await partsOf(`${lines('Hi', ['a'])}\n\0\r\n${lines('Hi', ['ab'], { end: '' })}`, 'Hi'), [text('a'), text('b'), finish]);
  });

  it('takes the first of several answers', async () => {
    assert.deepEqual(await partsOf('{"text": ["Hia", "Hib"]}\n', 'Hi'), [text('a'), finish]);
  });

  it('is no answer without a line', async () => {
    assert.deepEqual(await partsOf('', 'Hi'), []);
    assert.deepEqual(await partsOf('\n\n', 'Hi'), []);
  });

  it('fails where something else stands in it, after what came before', async () => {
    const wrong = ['<html>', '{"text": [', 'null', '{}', '{"text": []}', '{"text": "Hia"}', '{"text": ["other"]}', lines('Hi', ['xyz'])];
    for (const line of wrong) {
      for (const cuts of [[], [10]]) {
        const parts: StreamPart[] = [];
        const body = piecesOf(Buffer.from(`${lines('Hi', ['ab'])}${line}\n`), cuts);
        const failure = await failureOf(
          (async () => {
            for await (const piece of readLegacyAnswer({ body, prompt: 'Hi', provider, request: requestOf('Hi') })) parts.push(...piece);
          })(),
        );
        assert.deepEqual([failure.kind, parts], ['server', [text('ab')]], line);
      }
    }
  });

  it('fails by a line that tells an error', async () => {
    const failure = await failureOf(partsOf('{"error": {"message": "CUDA out of memory. Tried to allocate 2 GiB"}}\n', 'Hi'));
    assert.equal(failure.kind, 'out_of_memory');
  });

  it('fails where a line never ends', async () => {
    async function* endless() {
      for (;;) yield Buffer.alloc(1024 * 1024, 'x');
    }
    const failure = await failureOf(flatten(readLegacyAnswer({ body: endless(), prompt: 'Hi', provider, request: requestOf('Hi') })));
    assert.equal(failure.kind, 'server');
  });
});
