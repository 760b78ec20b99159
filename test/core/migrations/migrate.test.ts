import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { migrated, migratedBy, versionOf } from '../../../nodes/core/migrations/migrate.ts';
import type { NodeConfig, Step } from '../../../nodes/core/migrations/steps.ts';

const renamed: Step = ({ old, ...rest }) => ({ ...rest, ...(old !== undefined && { fresh: old }) });
const doubled: Step = ({ fresh, ...rest }) => ({ ...rest, fresh: Number(fresh ?? 1) * 2 });
const steps = [renamed, doubled];

describe('A flow of an older version', () => {
  test('without a version goes through every step, in their order', () => {
    assert.deepEqual(migratedBy(steps, { id: 'a', old: 3 }), { id: 'a', fresh: 6, version: 3 });
    assert.deepEqual(migratedBy(steps, { id: 'a' }), { id: 'a', fresh: 2, version: 3 });
  });

  test('goes through the steps since its version alone', () => {
    assert.deepEqual(migratedBy(steps, { fresh: 3, old: 'kept', version: 2 }), { fresh: 6, old: 'kept', version: 3 });
  });

  test('is not changed itself', () => {
    const saved = Object.freeze({ id: 'a', old: 3 });
    migratedBy(steps, saved);
    assert.deepEqual(saved, { id: 'a', old: 3 });
  });

  test('that is of today, or of a later palette, comes back as it is', () => {
    for (const version of [3, '3', 4, 1e9]) {
      const saved: NodeConfig = { old: 1, version };
      assert.equal(migratedBy(steps, saved), saved);
    }
  });

  test('with a version that is none counts as one without', () => {
    for (const version of ['', 'new', null, NaN, -1, 0, 1.5, {}, [], true]) assert.deepEqual(migratedBy(steps, { old: 1, version }), { fresh: 2, version: 3 });
  });

  test('reads the same however often it is brought up to date', () => {
    const configs = fc.dictionary(fc.constantFrom('old', 'fresh', 'version', 'name'), fc.jsonValue());
    fc.assert(
      fc.property(configs, (config) => {
        const once = migratedBy(steps, config);
        assert.deepEqual(migratedBy(steps, once), once);
      }),
    );
  });
});

test('A type without steps has the version of 0.1, and its nodes stay as they are', () => {
  const saved = { id: 'a' };
  for (const type of ['llm-return', 'no-such-type', 'constructor', '__proto__']) {
    assert.equal(versionOf(type), 1);
    assert.equal(migrated(type, saved), saved);
  }
});
