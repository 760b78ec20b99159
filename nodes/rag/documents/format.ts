/** Which format a source has: by its MIME type, by the ending of its name, by how it begins. */
import type { Source } from './document.ts';
import { byEnding, type Format } from './endings.ts';

export type { Format } from './endings.ts';

const byType: Readonly<Record<string, Format>> = {
  'text/markdown': 'markdown',
  'text/x-markdown': 'markdown',
  'text/html': 'html',
  'application/xhtml+xml': 'html',
  'application/pdf': 'pdf',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'word',
  'application/jsonl': 'jsonLines',
  'application/jsonlines': 'jsonLines',
  'application/x-ndjson': 'jsonLines',
  'application/x-jsonlines': 'jsonLines',
};

/** What says no format is text. */
export function formatOf({ bytes, name, type }: Source): Format {
  const named = own(byType, mediaType(type)) ?? own(byEnding, endingOf(name));
  if (named) return named;
  return endingOf(name) === '' && mediaType(type) !== 'text/plain' ? guess(bytes) : 'text';
}

/** Of a type such as `text/html; charset=iso-8859-1`. */
export function charsetOf(type: string | undefined): string | undefined {
  return /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(type ?? '')?.[1];
}

function mediaType(type: string | undefined): string {
  return (type ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function endingOf(name: string | undefined): string {
  return /[^/\\]\.(\w+)$/.exec(name ?? '')?.[1]?.toLowerCase() ?? '';
}

/** By the first bytes, for what comes without a name. */
function guess(bytes: Uint8Array | string): Format {
  const beginning = typeof bytes === 'string' ? bytes.slice(0, 500) : Buffer.from(bytes.subarray(0, 500)).toString('latin1');
  if (beginning.startsWith('%PDF-')) return 'pdf';
  if (beginning.startsWith('PK\x03\x04')) return 'word';
  return /^\W{0,9}\s*<(!doctype html|html)[\s>]/i.test(beginning) ? 'html' : 'text';
}

function own(formats: Readonly<Record<string, Format>>, key: string): Format | undefined {
  return Object.hasOwn(formats, key) ? formats[key] : undefined;
}
