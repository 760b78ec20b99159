/** The models that an endpoint offers, and what it tells of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isLlmError } from '../../nodes/core/errors.ts';
import { expandsLlm, isModels, modelsBody, Names } from '../../nodes/endpoint/names.ts';
import { startEndpoint } from '../support/endpoint.ts';

const rows = [{ name: 'small', model: 'm-1' }, { name: 'org/large', model: '' }];
const any = new Names([]);
const body = (id: string, more: object = {}) => ({ id, object: 'model', created: 0, owned_by: 'node-red', ...more });

describe('The names of models', () => {
  const names = new Names(rows);

  it('lead to the models behind them, the first where none is asked for', () => {
    assert.equal(names.resolve('small').model, 'm-1');
    assert.equal(names.resolve('org/large').model, '');
    for (const nothing of [undefined, '']) assert.equal(names.resolve(nothing).name, 'small');
  });

  it('go on as they are where none are listed', () => {
    assert.deepEqual(any.resolve('gpt'), { name: 'gpt', model: 'gpt' });
    assert.deepEqual(any.resolve(undefined), { name: 'default', model: '' });
  });

  it('that are not listed are not found, with those that are', () => {
    assert.throws(() => names.resolve('m-1'), (error) => isLlmError(error) && error.kind === 'not_found' && error.message.endsWith('Ask for one of: small, org/large.'));
  });

  it('are listed, and each has a path of its own', () => {
    const ids = (path: string) => ((modelsBody(names, path, false) as { data: Array<{ id: string }> }).data).map(({ id }) => id);
    for (const path of ['/models', '/models/']) assert.deepEqual(ids(path), ['small', 'org/large']);
    for (const path of ['/models/org/large', '/models/org%2Flarge']) assert.deepEqual(modelsBody(names, path, false), body('org/large'));
    assert.deepEqual(['/models', '/models/x', '/modelsx', '/', ''].map(isModels), [true, true, false, false, false]);
  });

  it('that are no part of a URL are the client’s own fault', () => {
    assert.throws(() => modelsBody(names, '/models/%E0%A4%A', false), (error) => isLlmError(error) && error.kind === 'invalid_request');
  });
});

describe('What stands behind the models', () => {
  const names = new Names(rows);

  it('is told where it is asked for, of all and of one', () => {
    const data = [body('small', { llm: { model: 'm-1' } }), body('org/large', { llm: { model: null } })];
    assert.deepEqual(modelsBody(names, '/models', true), { object: 'list', data });
    assert.deepEqual(modelsBody(names, '/models/small', true), data[0]);
    assert.deepEqual(modelsBody(any, '/models', true), { object: 'list', data: [body('default', { llm: { model: null } })] });
    assert.deepEqual(modelsBody(any, '/models/gpt', true), body('gpt', { llm: { model: 'gpt' } }));
  });

  it('is asked for by the query', () => {
    for (const url of ['/v1/models?expand=llm', '/v1/models?limit=5&expand=llm', '/v1/models?expand=a&expand=llm']) assert.ok(expandsLlm(url), url);
    for (const url of [undefined, '', '/v1/models', '/v1/models?', '/v1/models?llm', '/v1/models?expand', '/v1/models?expand=LLM', '/v1/models/expand=llm']) assert.ok(!expandsLlm(url), url);
  });

  for (const tellBackend of [true, false]) {
    it(`is told by an endpoint that ${tellBackend ? 'tells of its backends, to whoever asks for it' : 'tells nothing of its backends: never'}`, async (t) => {
      const { url } = await startEndpoint(t, { config: { models: rows, tellBackend } });
      const get = async (path: string) => (await fetch(url + path)).json();
      const more = (model: string | null) => (tellBackend ? { llm: { model } } : {});
      assert.deepEqual(await get('/models?expand=llm'), { object: 'list', data: [body('small', more('m-1')), body('org/large', more(null))] });
      assert.deepEqual(await get('/models/org/large?expand=llm'), body('org/large', more(null)));
      assert.deepEqual(await get('/models'), { object: 'list', data: [body('small'), body('org/large')] });
    });
  }
});
