/** An answer in Anthropic's Messages API: whole, as its event stream, and as its failure. */
import type { Completion, StreamPart } from '../../core/completion.ts';
import { blocksOf } from '../../core/conversation/blocks.ts';
import { type Block, carriedFor } from '../../core/conversation/message.ts';
import type { LlmError } from '../../core/errors.ts';
import { statusFor } from '../../core/http-status.ts';
import { isRecord, type JsonObject } from '../../core/json.ts';
import { CallOrder } from '../call-order.ts';
import type { AnswerIdentity, StreamWriter } from '../format.ts';
import { toolUse } from './content.ts';
import { writeStopReason, writeUsage } from './usage.ts';

export function writeAnswer(completion: Completion, identity: AnswerIdentity): JsonObject {
  const { usage, finishReason } = completion;
  const { stop_reason: stopReason, stop_sequence: stopSequence, usage: ownUsage, ...own } = carriedFor(completion, 'anthropic');
  return {
    ...head(identity, own),
    content: blocksOf(completion.message).flatMap(answerBlock),
    stop_reason: writeStopReason(finishReason, stopReason),
    stop_sequence: stopSequence ?? null,
    usage: writeUsage(usage, ownUsage),
  };
}

/** The id of the message at the provider that speaks this API stays what it is: clients go on from it. */
function head({ id, model }: AnswerIdentity, own: JsonObject): JsonObject {
  return { ...own, id: typeof own['id'] === 'string' && own['id'] !== '' ? own['id'] : id, type: 'message', role: 'assistant', model };
}

/** Unlike in a request, thinking is told as it is, and blank text too. */
function answerBlock(block: Block): JsonObject[] {
  switch (block.type) {
    case 'text':
      return [{ ...carriedFor(block, 'anthropic'), type: 'text', text: block.text }];
    case 'refusal':
      return [{ type: 'text', text: block.refusal }];
    case 'thinking':
      return [{ signature: '', ...carriedFor(block, 'anthropic'), type: 'thinking', thinking: block.thinking }];
    case 'call':
      return [toolUse(block.call)];
    case 'own':
      return block.dialect === 'anthropic' ? [block.block] : block.text === undefined ? [] : [{ type: 'text', text: block.text }];
    default:
      return block satisfies never;
  }
}

/** As the API's reference of errors has them. `anthropic` in a failure's facts is what the API itself has said. */
export function writeFailure({ message }: LlmError, status: number, requestId?: string): JsonObject {
  const type = errorTypes[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');
  return { type: 'error', error: { type, message }, ...(requestId !== undefined && { request_id: requestId }) };
}

const errorTypes: Readonly<Record<number, string | undefined>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

type BlockPart = Extract<StreamPart, { type: 'text' | 'thinking' | 'refusal' | 'toolCall' | 'citation' | 'own' }>;

/** The block that is open: what it is for, and its number at the provider. */
interface OpenBlock {
  readonly of: string;
  readonly number: number | undefined;
}

/** Content blocks, one after the other. */
export class MessageStream implements StreamWriter {
  readonly #identity: AnswerIdentity;
  #blocks = 0;
  #open: OpenBlock | undefined;
  readonly #order = new CallOrder();

  constructor(identity: AnswerIdentity) {
    this.#identity = identity;
  }

  /** `known` are the first parts of the answer, where they are there already: they may bring the count of the input. */
  begin(known: readonly StreamPart[] = []): string {
    const own: JsonObject = {};
    let usage: Partial<Completion['usage']> = {};
    for (const part of known) {
      if (part.type === 'about' && part.dialect === 'anthropic') Object.assign(own, part.fields);
      if (part.type === 'usage') usage = { ...usage, ...part.usage };
    }
    const { stop_reason: _reason, stop_sequence: _sequence, usage: ownUsage, ...fields } = own;
    const counted = { output_tokens: 0, ...writeUsage({ inputTokens: 0, estimated: false, ...usage, outputTokens: 0 }, ownUsage) };
    return event({ type: 'message_start', message: { ...head(this.#identity, fields), content: [], stop_reason: null, stop_sequence: null, usage: counted } });
  }

  parts(parts: readonly StreamPart[]): string {
    return this.#writeAll(this.#order.take(parts));
  }

  #writeAll(parts: readonly StreamPart[]): string {
    let text = '';
    for (const part of parts) if (isWritten(part)) text += (this.#isOpenFor(part) ? '' : this.#begin(part)) + this.#write(part);
    return text;
  }

  end(completion: Completion): string {
    const blocks = this.#writeAll(this.#order.flush()) + this.#close();
    const { stop_reason: stopReason, stop_sequence: stopSequence = null, stop_details: details, container, usage, context_management: context } = carriedFor(completion, 'anthropic');
    const delta = {
      stop_reason: writeStopReason(completion.finishReason, stopReason),
      stop_sequence: stopSequence,
      ...(details !== undefined && { stop_details: details }),
      ...(container !== undefined && { container }),
    };
    const last = { type: 'message_delta', delta, usage: writeUsage(completion.usage, usage), ...(context !== undefined && { context_management: context }) };
    return blocks + event(last) + event({ type: 'message_stop' });
  }

  /** Clients want every block closed, also of an answer that broke off. */
  fail(failure: LlmError): string {
    return this.#close() + event(writeFailure(failure, statusFor(failure.kind)));
  }

  #isOpenFor(part: BlockPart): boolean {
    const open = this.#open;
    if (!open || open.of !== kindOf(part) || part.type === 'own') return false;
    return part.type === 'toolCall' ? open.number === part.index : open.number === part.block;
  }

  #begin(part: BlockPart): string {
    const closed = this.#close();
    const number = part.type === 'toolCall' ? part.index : part.type === 'own' ? undefined : part.block;
    this.#open = { of: kindOf(part), number };
    return closed + event({ type: 'content_block_start', index: this.#blocks++, content_block: firstOf(part) });
  }

  #write(part: BlockPart): string {
    switch (part.type) {
      case 'text':
      case 'refusal':
        return part.text === '' ? '' : this.#delta({ type: 'text_delta', text: part.text });
      case 'citation':
        return this.#delta({ type: 'citations_delta', citation: part.citation });
      case 'thinking': {
        const thought = part.text === '' ? '' : this.#delta({ type: 'thinking_delta', thinking: part.text });
        const signature = part.carried?.anthropic?.['signature'];
        // A thought without a number ends with its proof.
        const ended = () => (part.block === undefined ? this.#close() : '');
        return typeof signature === 'string' ? thought + this.#delta({ type: 'signature_delta', signature }) + ended() : thought;
      }
      case 'toolCall': {
        const { arguments: json = '' } = part;
        return json === '' ? '' : this.#delta({ type: 'input_json_delta', partial_json: json });
      }
      case 'own': {
        const { input } = part.block;
        return (hasInput(part.block) ? this.#delta({ type: 'input_json_delta', partial_json: JSON.stringify(input) }) : '') + this.#close();
      }
      default:
        return part satisfies never;
    }
  }

  #close(): string {
    if (!this.#open) return '';
    this.#open = undefined;
    return event({ type: 'content_block_stop', index: this.#blocks - 1 });
  }

  #delta(delta: JsonObject): string {
    return event({ type: 'content_block_delta', index: this.#blocks - 1, delta });
  }
}

function isWritten(part: StreamPart): part is BlockPart {
  switch (part.type) {
    case 'text':
    case 'thinking':
    case 'refusal':
    case 'toolCall':
      return true;
    case 'citation':
    case 'own':
      return part.dialect === 'anthropic';
    default:
      return false;
  }
}

/** A citation belongs to a text. */
function kindOf(part: BlockPart): string {
  return part.type === 'citation' ? 'text' : part.type;
}

function firstOf(part: BlockPart): JsonObject {
  switch (part.type) {
    case 'text':
    case 'refusal':
    case 'citation':
      return { type: 'text', text: '' };
    case 'thinking':
      return { type: 'thinking', thinking: '', signature: '' };
    case 'toolCall':
      return { ...part.carried?.anthropic, type: 'tool_use', id: part.id ?? `toolu_${part.index}`, name: part.name ?? '', input: {} };
    case 'own':
      return hasInput(part.block) ? { ...part.block, input: {} } : part.block;
    default:
      return part satisfies never;
  }
}

/** The input of a tool that the provider runs comes in pieces, as that of any tool does. */
function hasInput({ type, input }: JsonObject): boolean {
  return typeof type === 'string' && type.endsWith('tool_use') && isRecord(input) && Object.keys(input).length > 0;
}

export function event(data: JsonObject): string {
  return `event: ${String(data['type'])}\ndata: ${JSON.stringify(data)}\n\n`;
}
