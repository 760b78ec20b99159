/** The node that brings passages to a question: found in a knowledge store, put into the prompt, and into `msg.llm.context`. */
import type { Node, NodeAPI, NodeDef, NodeStatus } from 'node-red';
import { type ContextPassage, readContext } from '../../core/context.ts';
import { type LlmError, toLlmError } from '../../core/errors.ts';
import { readChoice } from '../../core/fields.ts';
import { isRecord } from '../../core/json.ts';
import { refuseUnset } from '../../core/variables.ts';
import { calls, type LlmMessage, topFrame } from '../../runtime/calls.ts';
import { asProblem } from '../../runtime/connection.ts';
import { InFlight } from '../../runtime/in-flight.ts';
import { type Done, Reply, type Send } from '../../runtime/reply.ts';
import { handedOn, writesIntoNoValue } from '../../runtime/shared-messages.ts';
import { misconfigured, StatusLine, statusOfFailure } from '../../runtime/status.ts';
import type { TypedValue } from '../../runtime/typed-value.ts';
import { withKnowledge } from '../knowledge/users.ts';
import { questionOf } from '../prompt/conversation.ts';
import { defaultTemplate } from '../prompt/default-template.ts';
import { PromptTemplate } from '../prompt/prompt.ts';
import type { Rerank } from '../retrieval/rerank.ts';
import { retrieve } from '../retrieval/retrieve.ts';
import { readRetrievalSettings, type RetrievalNumber, type RetrievalSettings } from '../retrieval/settings.ts';
import { type FilterFields, filterFor, readFilterField } from './filter.ts';
import { rerankerFor } from './reranker.ts';

export interface RagConfig extends NodeDef, FilterFields, Partial<Record<RetrievalNumber, unknown>> {
  knowledge?: string;
  mode?: unknown;
  /** Whether the passages are put into the prompt; they are in `msg.llm.context` in any case. */
  assemble?: boolean;
  template?: string;
  /** Where nothing is found: `port` sends the message by the second output as it came, `continue` goes on without passages. */
  noEvidence?: unknown;
  /** The kind of server that ranks: `llamacpp` or `vllm`; empty for none. */
  rerankWith?: unknown;
  llamacpp?: string;
  vllm?: string;
  rerankModel?: unknown;
}

interface Parts {
  readonly settings: RetrievalSettings;
  readonly template: PromptTemplate | undefined;
  readonly filter: TypedValue | undefined;
  readonly rerank: Rerank | undefined;
  readonly hasEvidencePort: boolean;
}

export class RagNode {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  readonly #knowledge: string | undefined;
  readonly #inFlight: InFlight;
  readonly #status: StatusLine;
  #parts: Parts | undefined;
  #problem: LlmError | undefined;
  #last: NodeStatus = {};

  constructor(RED: NodeAPI, node: Node, config: RagConfig) {
    this.#RED = RED;
    this.#node = node;
    this.#knowledge = config.knowledge;
    this.#inFlight = new InFlight(RED);
    this.#status = new StatusLine(node, () => (this.#problem ? misconfigured : this.#last));
    try {
      refuseUnset(config);
      this.#parts = readParts(RED, node, config);
    } catch (error) {
      this.#problem = asProblem(error);
      node.error(this.#problem.message);
    }
    this.#status.update();
    writesIntoNoValue(node);
    node.on('input', (msg, send, done) => void this.#receive(msg, send, done));
    node.on('close', (done: () => void) => void this.#inFlight.drain().then(() => this.#status.close()).then(done));
  }

  /** Never rejects. In a branch a failure goes to the stage that waits, and the message passes through with its frames as they are. */
  async #receive(msg: LlmMessage, send: Send, done: Done): Promise<void> {
    const frame = topFrame(msg);
    const call = frame && calls.find(frame);
    if (frame && !call) {
      done();
      return;
    }
    try {
      const isFound = await this.#inFlight.run(({ signal }) => this.#find(msg, signal), call?.signal);
      const answer = handedOn(this.#RED, this.#node, isFound ? 0 : 1, msg);
      send(isFound ? answer : [null, answer]);
      done();
    } catch (error) {
      const failure = toLlmError(error);
      this.#show(statusOfFailure(failure.kind));
      const reply = new Reply(this.#RED, this.#node, msg, send, done);
      if (reply.isAbandoned) reply.drop();
      else reply.fail(failure);
    }
  }

  /** False for a message that leaves by the port for those without evidence. @throws LlmError */
  async #find(msg: LlmMessage, signal: AbortSignal): Promise<boolean> {
    if (!this.#parts) throw this.#problem;
    const { template, hasEvidencePort } = this.#parts;
    const llm = isRecord(msg.llm) ? msg.llm : {};
    // A request for vectors asks nothing.
    if (llm['task'] === 'embed') return true;
    const found = await this.#passagesFor(msg, this.#parts, signal);
    this.#show(found.length > 0 ? foundStatus(found.length) : { fill: 'yellow', shape: 'ring', text: 'llm.status.noEvidence' });
    const passages = [...broughtBy(msg, llm), ...found];
    if (passages.length === 0 && hasEvidencePort) return false;
    // Once the prompt is written around it, nobody could tell it apart.
    const question = questionOf(msg.payload);
    if (template) msg.payload = template.render({ payload: msg.payload, passages, system: typeof llm['system'] === 'string' ? llm['system'] : undefined });
    msg.llm = { ...llm, question, context: passages };
    return true;
  }

  async #passagesFor(msg: LlmMessage, { settings, filter, rerank }: Parts, signal: AbortSignal): Promise<ContextPassage[]> {
    const only = filter && (await filterFor(msg, filter));
    const question = questionOf(msg.payload);
    return withKnowledge(this.#RED, this.#knowledge, ({ store, embedder }) => retrieve(question, { store, embedder, settings, rerank, filter: only, signal }));
  }

  #show(status: NodeStatus): void {
    this.#last = status;
    this.#status.update();
  }
}

/**
 * The passages of a node before this one: they keep their numbers, and what is found here goes on counting. Those of a question that is
 * answered are done with.
 */
function broughtBy({ completion }: LlmMessage, llm: Record<string, unknown>): ContextPassage[] {
  return completion ? [] : readContext(llm['context']);
}

function foundStatus(count: number): NodeStatus {
  return { fill: 'green', shape: 'dot', text: `${count} passage${count === 1 ? '' : 's'}` };
}

/** @throws RangeError or LlmError for settings that cannot work */
function readParts(RED: NodeAPI, node: Node, config: RagConfig): Parts {
  const { assemble = true, template } = config;
  const kind = readChoice('rerankWith', config.rerankWith, ['', 'llamacpp', 'vllm']);
  const server = kind === '' ? undefined : config[kind];
  if (kind !== '' && !server) throw new RangeError('No server for reranking is chosen.');
  return {
    settings: readRetrievalSettings({ ...config }),
    template: assemble ? new PromptTemplate(template || defaultTemplate) : undefined,
    filter: readFilterField(RED, node, config),
    rerank: server ? rerankerFor(RED, { id: server, type: `llm-${kind}-server`, model: String(config.rerankModel ?? '') }) : undefined,
    hasEvidencePort: readChoice('noEvidence', config.noEvidence, ['continue', 'port']) === 'port',
  };
}
