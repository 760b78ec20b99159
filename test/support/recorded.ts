/**
 * Answers recorded from a real llama.cpp server (b9561), each with the request that it answers. Most were recorded by curl, which
 * undoes the chunks; a test plays them back as they were on the wire.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

export interface Recorded {
  readonly name: string;
  /** The request that it answers. */
  readonly method: string;
  readonly path: string;
  /** The header that matters to the answer, such as `Authorization: …`; empty where there is none. */
  readonly header: string;
  readonly requestBody: string;
  readonly status: number;
  /** What followed the head, as it is in the file. */
  readonly body: Buffer;
  /** Head and body as the server sent them. */
  readonly wire: Buffer;
}

const folder = new URL('../fixtures/llamacpp/', import.meta.url);

interface Row {
  name: string;
  /** `wire` holds the chunks, `body` does not. */
  recorded: string;
  method: string;
  path: string;
  header: string;
  requestBody: string;
}

const rows = new Map(readIndex().map((row) => [row.name, row]));

/** In the order of the index. */
export const recordedNames: readonly string[] = [...rows.keys()];

export function recorded(name: string): Recorded {
  const row = rows.get(name);
  assert.ok(row, `There is no recording ${name}.`);
  const file = readFileSync(new URL(`${name}.txt`, folder));
  const bodyAt = file.indexOf('\r\n\r\n') + 4;
  const head = file.subarray(0, bodyAt);
  const body = file.subarray(bodyAt);
  const chunked = /^transfer-encoding: chunked\r$/im.test(head.toString());
  const { recorded: how, ...request } = row;
  return {
    ...request,
    status: Number(head.toString().split(' ')[1]),
    body,
    wire: chunked && how === 'body' ? Buffer.concat([head, chunk(body)]) : file,
  };
}

/** The server sends each event as a chunk. */
function chunk(body: Buffer): Buffer {
  const events = body.toString().split(/(?<=\n\n)/);
  const chunks = events.map((event) => `${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`);
  return Buffer.from(`${chunks.join('')}0\r\n\r\n`);
}

function readIndex(): Row[] {
  const [, ...lines] = readFileSync(new URL('INDEX.tsv', folder), 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const [name = '', how = '', method = '', path = '', header = '', requestBody = ''] = line.split('\t');
    return { name, recorded: how, method, path, header, requestBody };
  });
}
