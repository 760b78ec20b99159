/**
 * Answers recorded from a real llama.cpp server (b9561) and a real vLLM (0.32.0), each with the request that it answers. Most of
 * llama.cpp were recorded by curl, which undoes the chunks; a test plays them back as they were on the wire.
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

interface Row {
  name: string;
  /** `wire` holds the chunks, `body` does not. */
  recorded: string;
  method: string;
  path: string;
  header: string;
  requestBody: string;
}

/** The recordings of one kind of server. */
class Recordings {
  readonly #folder: URL;
  readonly #rows: ReadonlyMap<string, Row>;

  constructor(server: 'llamacpp' | 'vllm') {
    this.#folder = new URL(`../fixtures/${server}/`, import.meta.url);
    this.#rows = new Map(readIndex(this.#folder).map((row) => [row.name, row]));
  }

  /** In the order of the index. */
  get names(): readonly string[] {
    return [...this.#rows.keys()];
  }

  get(name: string): Recorded {
    const row = this.#rows.get(name);
    assert.ok(row, `There is no recording ${name}.`);
    const file = readFileSync(new URL(`${name}.txt`, this.#folder));
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
}

/** The server sends each event as a chunk. */
function chunk(body: Buffer): Buffer {
  const events = body.toString().split(/(?<=\n\n)/);
  const chunks = events.map((event) => `${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`);
  return Buffer.from(`${chunks.join('')}0\r\n\r\n`);
}

function readIndex(folder: URL): Row[] {
  const [, ...lines] = readFileSync(new URL('INDEX.tsv', folder), 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const [name = '', how = '', method = '', path = '', header = '', requestBody = ''] = line.split('\t');
    return { name, recorded: how, method, path, header, requestBody };
  });
}

const llamaCpp = new Recordings('llamacpp');
export const vllmRecordings = new Recordings('vllm');

export const recordedNames: readonly string[] = llamaCpp.names;

export function recorded(name: string): Recorded {
  return llamaCpp.get(name);
}
