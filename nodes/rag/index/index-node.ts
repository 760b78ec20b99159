/** The node that puts documents into a knowledge store: those of messages, and those of a folder. */
import { join } from 'node:path';
import type { Node, NodeAPI, NodeDef, NodeMessage, NodeStatus } from 'node-red';
import { LlmError, toLlmError } from '../../core/errors.ts';
import { readChoice } from '../../core/fields.ts';
import { refuseUnset } from '../../core/variables.ts';
import { asProblem, Users } from '../../runtime/connection.ts';
import type { Done, Send } from '../../runtime/reply.ts';
import { reportOf } from '../../runtime/report.ts';
import { misconfigured, StatusLine, statusOfFailure } from '../../runtime/status.ts';
import { DocumentReader } from '../documents/reader.ts';
import { setAsideIn } from '../documents/set-aside.ts';
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

type State = { now: 'indexing'; progress?: IndexProgress } | { now: 'idle'; documents?: number; failed?: number; failure?: LlmError };

export class IndexNode {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  readonly #config: IndexConfig;
  readonly #status: StatusLine;
  readonly #closing = new AbortController();
  /** Who is at work. */
  readonly #runs = new Users();
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
      refuseUnset(config);
      this.#settings = readIndexSettings(config, RED.settings.userDir ?? '.');
      this.#reader = new DocumentReader(this.#settings.reader, { setAside: setAsideIn(join(RED.settings.userDir ?? '.', 'llm-knowledge', 'ended-readers.json')) });
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
    const release = this.#runs.retain();
    try {
      msg.payload = await this.#run(msg, new ProgressPort(this.#RED, msg, (progress) => send([null, progress])));
      send(msg);
      done();
    } catch (error) {
      done(reportOf(this.#failed(error)));
    } finally {
      release();
    }
  }

  #run(msg: Message, port: ProgressPort): Promise<unknown> {
    if (this.#problem) throw this.#problem;
    const folder = this.#settings?.folder;
    const operation = readOperation(msg.operation);
    if (operation === 'list') return this.#withIndexer((indexer) => indexer.list({ limit: longestList, ...listed(msg) }));
    return this.#change(port, (indexer, running) => {
      // A message is somebody who asks.
      const options = { ...running, again: true };
      switch (operation) {
        case 'upsert':
          return indexer.upsert(sourcesIn(msg, folder), options);
        case 'sync':
          if (!folder) throw new LlmError('misconfigured', 'The node has no folder.', { hint: 'Open the node and set its folder.' });
          return syncWith(folder, indexer, options);
        case 'delete':
          return indexer.remove(idsIn(msg), options);
        case 'clear':
          return indexer.clear();
        default:
          return operation satisfies never;
      }
    });
  }

  /** Shows how it goes, and what is in the store then. */
  #change(port: ProgressPort, work: (indexer: Indexer<SplitOptions>, options: RunOptions) => Promise<IndexResult>): Promise<IndexResult> {
    return this.#withIndexer(async (indexer, { store }) => {
      this.#show({ now: 'indexing' });
      const onProgress = (progress: IndexProgress) => {
        this.#show({ now: 'indexing', progress });
        port.tell(progress);
      };
      const result = await work(indexer, { signal: this.#closing.signal, onProgress });
      const { documents } = await store.facts();
      this.#show({ now: 'idle', documents, failed: result.failed.length });
      this.#warnOf(result);
      return result;
    });
  }

  #withIndexer<Result>(work: (indexer: Indexer<SplitOptions>, knowledge: Knowledge) => Promise<Result>): Promise<Result> {
    return withKnowledge(this.#RED, this.#config.knowledge, (knowledge) => {
      if (this.#indexer?.knowledge !== knowledge) this.#indexer = { knowledge, indexer: this.#newIndexer(knowledge) };
      return work(this.#indexer.indexer, knowledge);
    });
  }

  #newIndexer({ store, embedder }: Knowledge): Indexer<SplitOptions> {
    const [settings, reader] = [this.#settings, this.#reader];
    if (!settings || !reader) throw this.#problem;
    return new Indexer({ store, embedder, split: settings.split, read: (source, split, options) => reader.read(source, split, options) });
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
    const release = this.#runs.retain();
    try {
      const payload = await this.#change(port, (indexer, options) => (changes === 'all' ? syncWith(folder, indexer, options) : follow(folder, changes, indexer, options)));
      this.#node.send({ ...msg, payload });
    } catch (error) {
      const failure = this.#failed(error);
      if (failure.kind !== 'cancelled') this.#node.error(reportOf(failure), msg);
    } finally {
      release();
    }
  }

  #warnOf(result: IndexResult): void {
    for (const { file, reason } of result.failed.slice(0, mostWarnings)) this.#node.warn(`${file} is not indexed: ${reason}`);
    if (result.failed.length > mostWarnings) this.#node.warn(`${result.failed.length - mostWarnings} more documents are not indexed.`);
  }

  #failed(error: unknown): LlmError {
    const failure = toLlmError(error);
    this.#show({ now: 'idle', failure });
    return failure;
  }

  #show(state: State): void {
    this.#state = state;
    this.#status.update();
  }

  #statusNow(): NodeStatus {
    if (this.#problem) return misconfigured;
    const state = this.#state;
    if (state.now === 'indexing') {
      const { progress } = state;
      return { fill: 'blue', shape: 'dot', text: progress ? `${Math.floor((progress.done / progress.total) * 100)} % of ${progress.total}` : '…' };
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
    await this.#runs.gone();
    this.#status.close();
  }
}

/** What is in a part that cannot be read is not known: then nothing counts as removed. */
async function syncWith(folder: Folder, indexer: Indexer<SplitOptions>, options: RunOptions): Promise<IndexResult> {
  const { sources, isComplete } = await folder.sources();
  return isComplete ? indexer.sync(sources, options) : indexer.upsert(sources, options);
}

async function follow(folder: Folder, { changed, removed }: FolderChanges, indexer: Indexer<SplitOptions>, options: RunOptions): Promise<IndexResult> {
  await folder.check();
  const result = await indexer.upsert(changed.map((path) => folder.source(path)), options);
  // Only now, so that a file that was renamed finds its vectors.
  const gone = await indexer.remove(removed, options);
  return { ...result, removed: result.removed + gone.removed };
}

/** @throws LlmError `invalid_request` */
function readOperation(given: unknown): (typeof operations)[number] {
  try {
    return readChoice('msg.operation', given, operations);
  } catch {
    throw new LlmError('invalid_request', `msg.operation must be one of ${operations.join(', ')}.`);
  }
}

/** One that is no text would else list everything. @throws LlmError `invalid_request` */
function listed({ after, prefix }: Message): { after?: string; prefix?: string } {
  return { ...readText('after', after), ...readText('prefix', prefix) };
}

function readText<Name extends string>(name: Name, given: unknown): { [name in Name]?: string } {
  if (given === undefined || given === null) return {};
  if (typeof given !== 'string') throw new LlmError('invalid_request', `msg.${name} must be a text.`);
  return { [name]: given } as { [name in Name]?: string };
}
