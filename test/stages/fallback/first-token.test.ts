/** What a fallback does about a branch that breaks off when a reader has seen a part of its answer. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { StreamPart } from '../../../nodes/core/completion.ts';
import { continueRequest } from '../../../nodes/core/continuation.ts';
import { LlmError } from '../../../nodes/core/errors.ts';
import { FallbackPolicy } from '../../../nodes/stages/fallback/policy.ts';
import { type BranchSetup, echo, held, requestOf, StageFlow, stageOf, tried } from '../../support/policies.ts';
import { answers, breaks, finish, hangs, text } from '../../support/scripted-client.ts';

const once = breaks('server', [text('Once')]);

/** A fallback whose token port somebody reads. */
function fallbackOf(t: TestContext, afterFirstToken: string | undefined, branches: BranchSetup[], config: object = {}): Promise<StageFlow> {
  return StageFlow.start(t, { type: 'llm-fallback', stream: true, afterFirstToken, ...config }, branches);
}

/** What the token port has sent: the texts, `|` for a reset, `.` for the end. */
async function tokens(stage: StageFlow): Promise<string> {
  const sent = await stage.flow.rest('tokens');
  return sent.map(({ payload, reset, complete }) => (reset ? '|' : complete ? '.' : String(payload))).join('');
}

describe('By default', () => {
  test('the fallback fails, with the part that was seen', async (t) => {
    for (const setting of [undefined, 'fail']) {
      await t.test(String(setting), async (t) => {
        const stage = await fallbackOf(t, setting, [[once], [answers([text('Hi'), finish])]]);
        const { error } = await stage.ask();
        assert.deepEqual([error?.code, error?.cause.partial, await tokens(stage)], ['server', 'Once', 'Once|']);
        assert.equal(stage.requests('b').length, 0);
      });
    }
  });

  test('the fallback goes on where nothing was seen yet, or nobody reads along', async (t) => {
    for (const [what, script, stream] of [['nothing was seen', breaks('server', [{ type: 'model', model: 'm' }]), true], ['nobody reads', once, false]] as const) {
      await t.test(what, async (t) => {
        const stage = await fallbackOf(t, 'fail', [[script], [answers([text('Hi'), finish])]], { stream });
        const msg = await stage.ask();
        assert.deepEqual([msg.payload, tried(msg)], ['Hi', ['A server', 'B ok']]);
      });
    }
  });
});

describe('Told to start over', () => {
  test('the fallback takes back what was seen, and gives the whole answer of the next branch', async (t) => {
    const stage = await fallbackOf(t, 'restart', [[once], [once], [answers([text('Hi')], [text(' there'), finish])]]);
    const msg = await stage.ask();
    assert.deepEqual([msg.payload, tried(msg)], ['Hi there', ['A server', 'B server', 'C ok']]);
    assert.deepEqual(stage.requests('c')[0]?.messages, [{ role: 'user', content: 'Once upon a time' }]);
    const sent = await stage.flow.rest('tokens');
    assert.deepEqual(sent.map(({ payload, reset }) => (reset ? '|' : payload)), ['Once', '|', 'Once', '|', 'Hi', ' there', '']);
    const ids = sent.map(({ parts }) => (parts as { id: string }).id);
    assert.equal(new Set(ids).size, 3, 'each answer is a sequence of its own');
  });

  test('the fallback that then fails for good has nothing to show', async (t) => {
    const stage = await fallbackOf(t, 'restart', [[once], [breaks('auth')]]);
    const { error } = await stage.ask();
    assert.deepEqual([error?.code, error?.cause.partial], ['auth', undefined]);
  });

  test('the fallback fails where its reader can take nothing back', async () => {
    const rows = ['A', 'B'].map((name, index) => ({ port: index + 1, name, on: new Set(['server'] as const), timeoutMs: 0 }));
    const asked: string[] = [];
    const request = requestOf({ payload: 'Hello' }, ({ name }) => {
      asked.push(name);
      throw new LlmError('server', 'Broken.');
    });
    const committed = Object.assign(request, { committed: true, said: 'Once', canRestart: false });
    await assert.rejects(new FallbackPolicy(rows, 'restart', stageOf()).handle(committed), { kind: 'server' });
    assert.deepEqual(asked, ['A']);
  });
});

describe('Told to continue', () => {
  test('the fallback asks the next branch for the rest, and the answer is whole', async (t) => {
    const upon = breaks('overloaded', [text(' upon')]);
    const stage = await fallbackOf(t, 'continue', [[once], [upon], [answers([text(' a')], [text(' time'), finish])]]);
    const msg = await stage.ask({ topic: 'stories' });
    assert.deepEqual([msg.payload, msg.completion?.text, msg.completion?.message.content], Array(3).fill('Once upon a time'));
    assert.deepEqual([msg['topic'], tried(msg)], ['stories', ['A server', 'B overloaded', 'C ok']]);
    const rest = (said: string) => [
      { role: 'user', content: 'Once upon a time' },
      { role: 'assistant', content: said },
      { role: 'user', content: continueRequest },
    ];
    assert.deepEqual(stage.requests('b')[0]?.messages, rest('Once'));
    assert.deepEqual(stage.requests('c')[0]?.messages, rest('Once upon'));
    assert.equal(await tokens(stage), 'Once upon a time.');
  });

  test('the fallback over two echoes says all of the prompt', async (t) => {
    const stage = await fallbackOf(t, 'continue', [{ ...echo, faultKind: 'unavailable', faultAfterTokens: 2 }, echo]);
    const msg = await stage.ask();
    assert.deepEqual([msg.payload, tried(msg)], ['Once upon a time', ['A interrupted', 'B ok']]);
  });

  test('the fallback takes the rest of a branch of other nodes as well', async (t) => {
    const stage = await fallbackOf(t, 'continue', [[once], held]);
    const asked = stage.ask();
    stage.comeBack(await stage.arrival('b'), { payload: ' upon a time' });
    assert.deepEqual([(await asked).payload, await tokens(stage)], ['Once upon a time', 'Once upon a time.']);
  });

  test('the fallback that then fails for good gives all that was seen', async (t) => {
    const stage = await fallbackOf(t, 'continue', [[once], [breaks('server', [text(' upon')])]]);
    const { error } = await stage.ask();
    assert.deepEqual([error?.code, error?.cause.partial], ['server', 'Once upon']);
  });

  test('the fallback fails where tools are in play', async (t) => {
    const tools = [{ type: 'function', function: { name: 'look' } }];
    const called = [
      { role: 'user', content: 'Look' },
      { role: 'assistant', content: null, tool_calls: [{ id: '1', type: 'function', function: { name: 'look', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: '1', content: 'Nothing' },
    ];
    for (const msg of [{ llm: { tools } }, { payload: called }]) {
      await t.test(Object.keys(msg).join(), async (t) => {
        const stage = await fallbackOf(t, 'continue', [[once], [answers([text('Hi'), finish])]]);
        assert.deepEqual((await stage.ask(msg)).error?.cause.partial, 'Once');
        assert.equal(stage.requests('b').length, 0);
      });
    }
  });

  for (const [what, part] of [
    ['a thought', { type: 'thinking', text: 'Hm' }],
    ['a call of a tool', { type: 'toolCall', index: 0, name: 'look', arguments: '{' }],
  ] satisfies Array<[string, StreamPart]>) {
    test(`the fallback fails where all that was seen is ${what}`, async (t) => {
      const stage = await fallbackOf(t, 'continue', [[breaks('server', [part])], [answers([text('Hi'), finish])]]);
      assert.equal((await stage.ask()).error?.code, 'server');
      assert.equal(stage.requests('b').length, 0);
    });
  }
});

for (const setting of ['restart', 'continue']) {
  test(`Told to ${setting}, the fallback still obeys its rows and its time`, async (t) => {
    const branches = [{ on: ['server'], timeoutMs: 100 }, {}];
    await t.test('a kind that does not lead on', async (t) => {
      const stage = await fallbackOf(t, setting, [[breaks('overloaded', [text('Once')])], [answers([text('Hi'), finish])]], { branches });
      assert.deepEqual((await stage.ask()).error?.cause.partial, 'Once');
    });
    await t.test('a branch that is too slow', async (t) => {
      const stage = await fallbackOf(t, setting, [[hangs([text('Once')])], [answers([text(' more'), finish])]], { branches: [{ timeoutMs: 100 }, {}] });
      const asked = stage.ask();
      await stage.advance(100);
      assert.equal((await asked).payload, setting === 'restart' ? ' more' : 'Once more');
    });
  });
}
