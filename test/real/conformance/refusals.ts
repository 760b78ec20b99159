/** Rows about what a server cannot do or will not do: each is a failure of the right kind, with a hint, and repeats nothing of the prompt. */
import assert from 'node:assert/strict';
import { type FailureKind, type LlmError, policyFor } from '../../../nodes/core/errors.ts';
import { readRequest } from '../../../nodes/core/request.ts';
import { failureOf } from '../../support/requests.ts';
import { ask, greedy, type Row } from './row.ts';
import { backendFor } from './subject.ts';

const secret = 'Ilse Musterfrau';
const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } };

export const refusals: readonly Row[] = [
  {
    name: 'a prompt that is too long',
    async run({ backend, ...on }) {
      assertKind(await failureOf(backend.complete(ask(on, `${secret} `.repeat(2_000), greedy))), 'context_length', /[Ss]horten the prompt/);
    },
  },
  {
    name: 'an unknown model',
    async run({ backend, ...on }) {
      assertKind(await failureOf(backend.complete(ask(on, secret, { ...greedy, model: 'gone' }))), 'not_found', /model’s name/);
    },
  },
  {
    name: 'a wrong key',
    async run({ t, subject, server }) {
      const failure = await failureOf(backendFor(t, subject, server.url, 'sk-wrong').complete(ask({ server }, secret, greedy)));
      assertKind(failure, 'auth', /Check the API key/);
      assert.ok(!failure.message.includes('sk-wrong'));
    },
  },
  {
    name: 'images, which the model does not take',
    async run({ backend, subject, ...on }) {
      const failure = await failureOf(backend.complete(ask(on, [{ role: 'user', content: [{ type: 'text', text: secret }, image] }], greedy)));
      // A text API has no place for one: nothing is sent.
      if (subject.api === 'text') assertKind(failure, 'invalid_request', /Choose the chat API/);
      else assertKind(failure, 'not_found', /takes images/);
      assert.equal(policyFor(failure.kind).retry, false);
    },
  },
  {
    name: 'embeddings, which the server was not started for',
    async run({ backend, server: { model } }) {
      const request = readRequest([secret], { task: 'embed', ...(model && { model }) }, {});
      assertKind(await failureOf(backend.complete(request)), 'not_found', /--embeddings|gives embeddings/);
    },
  },
];

export function assertKind({ kind, message, hint, cause }: LlmError, expected: FailureKind, says: RegExp): void {
  assert.equal(kind, expected, message);
  assert.match(hint ?? '', says);
  assert.doesNotMatch(JSON.stringify([message, cause]), new RegExp(secret));
}
