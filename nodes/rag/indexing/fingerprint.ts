/** By which a source is known again without being read. */
import { createHash } from 'node:crypto';
import { isRecord } from '../../core/json.ts';
import type { Content, IndexSource } from './source.ts';

/** To be raised when documents are read or cut in another way, so that all are read again. */
const version = 1;

/**
 * SHA-256, hex, of all that the documents of a source are made from: its bytes, what the source says of itself, and how it is cut. Two
 * are the same only where the documents are. @throws TypeError for metadata that is no plain data
 */
export function fingerprintOf({ name, type, title, source, metadata }: IndexSource, bytes: Content, split: unknown): string {
  const about = JSON.stringify({ version, name, type, title, source, metadata, split }, inOrder);
  return createHash('sha256').update(`${about.length}:${about}`).update(bytes).digest('hex');
}

/**
 * What each of the documents of a source is stored with. That it knows their number tells whether all are there: a run that broke off
 * in the middle has left fewer.
 */
export function hashOfDocuments(fingerprint: string, count: number): string {
  return createHash('sha256').update(`${fingerprint} ${count}`).digest('hex');
}

/** The order of properties says nothing. */
function inOrder(_key: string, value: unknown): unknown {
  return isRecord(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
}
