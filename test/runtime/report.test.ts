import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { LlmError } from '../../nodes/core/errors.ts';
import { reportOf } from '../../nodes/runtime/report.ts';

/** Node-RED's own: what it makes of a log entry for the debug sidebar. */
const { util } = createRequire(import.meta.url)('@node-red/util') as { util: { encodeObject(entry: { msg: unknown }): { format: string; msg: string } } };

const attempts = [{ backend: 'gpu', outcome: 'failed' as const, error: 'auth' as const, ms: 3 }];
const failure = new LlmError('auth', 'OpenAI refused the key (401).', { status: 401, provider: 'openai', hint: 'Check the key.', partial: 'Once upon', attempts });

describe('A failure that Node-RED reports', () => {
  it('stands in the debug sidebar with its sentence first, and facts that open', () => {
    const { format, msg } = util.encodeObject({ msg: reportOf(failure) });
    assert.equal(format, 'Object');
    assert.deepEqual(JSON.parse(msg), { message: 'OpenAI refused the key (401). Check the key.', kind: 'auth', status: 401, provider: 'openai', attempts });
    assert.ok(msg.startsWith('{"message":"OpenAI refused'), msg);
  });

  it('gives a Catch node the bare sentence, the kind and the facts', () => {
    const report = reportOf(failure);
    for (const name of ['code', 'stack', 'cause']) assert.ok(Object.hasOwn(report, name), name);
    const { code } = report as Error & { code?: string };
    assert.deepEqual([String(report), code, report.stack, report.cause], [failure.message, 'auth', failure.message, failure.cause]);
  });

  it('repeats no answer in what is listed', () => {
    assert.doesNotMatch(JSON.stringify(reportOf(failure)), /Once upon/);
    assert.equal((reportOf(failure).cause as { partial?: string }).partial, 'Once upon');
  });
});
