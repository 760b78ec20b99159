import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readerFields, readReaderSettings } from '../../../nodes/rag/documents/settings.ts';

test('what is missing takes its default; what is out of bounds is named', () => {
  const { timeoutMs, maxFileMb, maxMemoryMb } = readerFields;
  assert.deepEqual(readReaderSettings(), { timeoutMs: timeoutMs.value, maxFileMb: maxFileMb.value, maxMemoryMb: maxMemoryMb.value });
  assert.equal(readReaderSettings({ timeoutMs: '500' }).timeoutMs, 500);
  assert.throws(() => readReaderSettings({ maxMemoryMb: 1 }), /^RangeError: maxMemoryMb must/);
});
