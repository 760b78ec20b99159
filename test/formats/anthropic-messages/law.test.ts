import fc from 'fast-check';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readRequest as readOwn } from '../../../nodes/core/request.ts';
import { readRequest } from '../../../nodes/formats/anthropic-messages/request-in.ts';
import { writeRequest } from '../../../nodes/formats/anthropic-messages/request-out.ts';
import { saying } from '../../support/json-law.ts';
import { anthropicRequest } from './samples.ts';

describe('A request of Anthropic’s Messages API', () => {
  it('goes out as it came in', () => {
    fc.assert(
      fc.property(anthropicRequest, (body) => {
        assert.deepEqual(saying(through(body)), saying({ ...body, stream: true }));
      }),
      { numRuns: 1000 },
    );
  });
});

/** As a message carries it from the endpoint to the backend: as JSON. */
function through(body: Record<string, unknown>): object {
  const { prompt, llm } = JSON.parse(JSON.stringify(readRequest(body))) as { prompt: unknown; llm: unknown };
  return writeRequest(readOwn(prompt, llm, {}), { maxTokens: 4096 });
}
