/** The node that puts documents into a knowledge store: those of messages, and those of a folder. */
import type { Node, NodeAPI, NodeDef, NodeMessage, NodeStatus } from 'node-red';
import { LlmError } from '../../core/errors.ts';
import { readChoice } from '../../core/fields.ts';
import { asProblem } from '../../runtime/connection.ts';
import type { Done, Send } from '../../runtime/reply.ts';
import { misconfigured, StatusLine, statusOfFailure } from '../../runtime/status.ts';
import { DocumentReader } from '../documents/reader.ts';
import { Indexer, type RunOptions } from '../indexing/indexer.ts';
import type { IndexProgress, IndexResult } from '../indexing/source.ts';
import type { FolderChanges } from '../folder/watch.ts';
import type { Knowledge } from '../knowledge/knowledge.ts';
import { withKnowledge } from '../knowledge/users.ts';
import type { SplitOptions } from '../passages/settings.ts';
import type { Folder } from './folder.ts';
import { idsIn, type IndexMessage, sourcesIn } from './documents.ts';
import { ProgressPort } from './progress-port.ts';
import { type IndexFields, type IndexSettings, readIndexSettings } from './settings.ts';

export interface IndexConfig extends NodeDef, IndexFields {
  knowledge?: string;
  /** Whether the folder is indexed at the start, and whenever something in it changes. */
  watch?: boolean;
}

/** The operation is `upsert`, the default, `delete`, `clear`, `list`, or `sync` with the folder. */
type Message = NodeMessage & IndexMessage & { operation?: unknown; after?: unknown; prefix?: unknown };

const operations = ['upsert', 'delete', 'clear', 'list', 'sync'] as const;

/** A list gives so many documents at most; `msg.after` asks for those behind an id. */
const longestList = 1_000;

/** So many bad documents are named in the log, one by one. */
const mostWarnings = 10;

type State = { now: 'indexing'; progress: IndexProgress | undefined } | { now: 'idle'; documents?: number; failed?: number; failure?: LlmError };

export class IndexNode {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  readonly #config: IndexConfig;
  readonly #status: StatusLine;
  readonly #closing = new AbortController();
  #settings: IndexSettings | undefined;
  #reader: DocumentReader | undefined;
  #problem: LlmError | undefined;
  #indexer: { knowledge: Knowledge; indexer: Indexer<SplitOptions> } | undefined;
  #watcher: Promise<{ close(): Promise<void> }> | undefined;
  #state: State = { now: 'idle' };

  constructor(RED: NodeAPI, node: Node, config: IndexConfig) {
    this.#RED = RED;
    this.#node = node;
    this.#config = config;
    this.#status = new StatusLine(node, () => this.#statusNow());
    try {
      this.#settings = readIndexSettings(config);
      this.#reader = new DocumentReader(this.#settings.reader);
    } catch (error) {
      this.#problem = asProblem(error);
      node.error(this.#problem.message);
    }
    this.#status.update();
    node.on('input', (msg, send, done) => void this.#receive(msg, send, done));
    node.on('close', (done: () => void) => void this.#close().then(done));
    if (config.watch && !this.#problem) this.#startWatching();
  }

  /** Never rejects: what fails goes to `done`. */
  async #receive(msg: Message, send: Send, done: Done): Promise<void> {
    try {
      msg.payload = await this.#run(msg, new ProgressPort(this.#RED, msg, (progress) => send([null, progress])));
      send(msg);
      done();
    } catch (error) {
      done(this.#failed(error));
    }
  }

  #run(msg: Message, port: ProgressPort): Promise<unknown> {
    if (this.#problem) throw this.#problem;
    const folder = this.#settings?.folder;
    const operation = readOperation(msg.operation);
    const { signal } = this.#closing;
    return this.#withIndexer(async (indexer) => {
      const options = { signal, onProgress: this.#tell(port) };
      switch (operation) {
        case 'upsert':
          return this.#done(await indexer.upsert(sourcesIn(msg, folder), options));
        case 'sync':
          if (!folder) throw new LlmError('invalid_request', 'The node has no folder.', { hint: 'Open the node and set its folder.' });
          return this.#done(await syncWith(folder, indexer, options));
        case 'delete':
          return this.#done(await indexer.remove(idsIn(msg), { signal }));
        case 'clear':
          return this.#done(await indexer.clear());
        case 'list':
          return indexer.list({ limit: longestList, ...listed(msg) });
        default:
          return operation satisfies never;
      }
    });
  }

  #withIndexer<Result>(work: (indexer: Indexer<SplitOptions>) => Promise<Result>): Promise<Result> {
    return withKnowledge(this.#RED, this.#config.knowledge, (knowledge) => {
      const { indexer } = this.#indexer?.knowledge === knowledge ? this.#indexer : (this.#indexer = { knowledge, indexer: this.#newIndexer(knowledge) });
      return work(indexer);
    });
  }

  #newIndexer({ store, embedder }: Knowledge): Indexer<SplitOptions> {
    const [settings, reader] = [this.#settings, this.#reader];
    if (!settings || !reader) throw this.#problem;
    return new Indexer({ store, embedder, split: settings.split, read: (source, split) => reader.read(source, split) });
  }

  #startWatching(): void {
    const folder = this.#settings?.folder;
    if (!folder) return;
    const onError = (error: Error) => this.#node.warn(`The folder cannot be watched as a whole: ${error.message}`);
    this.#watcher = folder.watch((changes) => void this.#follow(changes), onError);
    this.#watcher.then(() => this.#follow('all'), (error: unknown) => this.#node.error(this.#failed(error).message));
  }

  /** Brings the store in step with the folder. */
  async #follow(changes: FolderChanges | 'all'): Promise<void> {
    const msg = { topic: 'folder' } as Message;
    const port = new ProgressPort(this.#RED, msg, (progress) => this.#node.send([null, progress]));
    const folder = this.#settings?.folder;
    if (!folder) return;
    const options = { signal: this.#closing.signal, onProgress: this.#tell(port) };
    try {
      const result = await this.#withIndexer(async (indexer) => {
        if (changes === 'all') return syncWith(folder, indexer, options);
        const result = await indexer.upsert(changes.changed.map((path) => folder.source(path)), options);
        // Only now, so that a file that was renamed finds its vectors.
        const { removed } = await indexer.remove(changes.removed, options);
        return { ...result, removed: result.removed + removed };
      });
      this.#node.send({ ...msg, payload: await this.#done(result) });
    } catch (error) {
      const failure = this.#failed(error);
      if (failure.kind !== 'cancelled') this.#node.error(failure.message, msg);
    }
  }

  #tell(port: ProgressPort): (progress: IndexProgress) => void {
    return (progress) => {
      this.#state = { now: 'indexing', progress };
      this.#status.update();
      port.tell(progress);
    };
  }

  async #done(result: IndexResult): Promise<IndexResult> {
    const { documents } = await withKnowledge(this.#RED, this.#config.knowledge, ({ store }) => store.facts());
    this.#state = { now: 'idle', documents, failed: result.failed.length };
    this.#status.update();
    for (const { file, reason } of result.failed.slice(0, mostWarnings)) this.#node.warn(`${file} is not indexed: ${reason}`);
    if (result.failed.length > mostWarnings) this.#node.warn(`${result.failed.length - mostWarnings} more documents are not indexed.`);
    return result;
  }

  #failed(error: unknown): LlmError {
    const failure = asProblem(error);
    this.#state = { now: 'idle', failure };
    this.#status.update();
    return failure;
  }

  #statusNow(): NodeStatus {
    if (this.#problem) return misconfigured;
    const state = this.#state;
    if (state.now === 'indexing') {
      const { done, total } = state.progress ?? { done: 0, total: 1 };
      return { fill: 'blue', shape: 'dot', text: `${Math.floor((done / total) * 100)} % of ${total}` };
    }
    if (state.failure) return statusOfFailure(state.failure.kind);
    if (state.documents === undefined) return {};
    const count = `${state.documents.toLocaleString('en-US')} docs`;
    return state.failed ? { fill: 'yellow', shape: 'dot', text: `${count} · ${state.failed} bad` } : { fill: 'green', shape: 'dot', text: count };
  }

  /** What is under way can be done again: it ends at once. */
  async #close(): Promise<void> {
    this.#closing.abort(new LlmError('cancelled', 'The node closes.'));
    const watcher = await this.#watcher?.catch(() => undefined);
    await watcher?.close();
    await this.#reader?.close();
    this.#status.close();
  }
}

/** What is in a part that cannot be read is not known: then nothing counts as removed. */
async function syncWith(folder: Folder, indexer: Indexer<SplitOptions>, options: RunOptions): Promise<IndexResult> {
  const { sources, isComplete } = await folder.sources();
  return isComplete ? indexer.sync(sources, options) : indexer.upsert(sources, options);
}

/** @throws LlmError `invalid_request` */
function readOperation(given: unknown): (typeof operations)[number] {
  try {
    return readChoice('msg.operation', given, operations);
  } catch {
    throw new LlmError('invalid_request', `msg.operation must be one of ${operations.join(', ')}.`);
  }
}

function listed({ after, prefix }: Message): { after?: string; prefix?: string } {
  return { ...(typeof after === 'string' && { after }), ...(typeof prefix === 'string' && { prefix }) };
}
