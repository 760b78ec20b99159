/** An answer as Anthropic's event stream: content blocks, one after the other. */
import type { Completion, StreamPart } from '../../core/completion.ts';
import type { LlmError } from '../../core/errors.ts';
import { parseJson } from '../../core/answer-bound.ts';
import { isRecord } from '../../core/request.ts';
import { statusFor } from '../status.ts';
import { failed, head, stopReasonOf, usageOf } from './anthropic-answer.ts';
import type { AnswerIdentity, JsonObject, StreamWriter } from './format.ts';

/** The parts that stand in content blocks. */
type BlockPart = Extract<StreamPart, { type: 'text' | 'thinking' | 'toolCall' }>;

export class MessageStream implements StreamWriter {
  readonly #identity: AnswerIdentity;
  /** How many content blocks have begun. */
  #blocks = 0;
  /** The block that is open: what it is for, and a tool call's arguments so far. */
  #open: { of: string; input?: string } | undefined;
  /** What came while a tool call was not whole yet. */
  #held: BlockPart[] = [];

  constructor(identity: AnswerIdentity) {
    this.#identity = identity;
  }

  begin(): string {
    const usage = { input_tokens: 0, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 0 };
    const message = { ...head(this.#identity), content: [], stop_reason: null, stop_sequence: null, usage };
    return event({ type: 'message_start', message });
  }

  parts(parts: readonly StreamPart[]): string {
    return parts.map((part) => (isBlockPart(part) ? this.#take(part) : '')).join('');
  }

  end({ finishReason, usage }: Completion): string {
    let blocks = this.#close();
    while (this.#held.length > 0) blocks += this.#release() + this.#close();
    const delta = { stop_reason: stopReasonOf(finishReason), stop_sequence: null };
    return blocks + event({ type: 'message_delta', delta, usage: usageOf(usage) }) + event({ type: 'message_stop' });
  }

  fail(failure: LlmError): string {
    return event(failed(failure, statusFor(failure.kind)));
  }

  /** Some servers mix the pieces of several tool calls; a block that is closed takes no more. */
  #take(part: BlockPart): string {
    const isOther = this.#open?.of !== blockOf(part);
    if (isOther && this.#isHalfCall()) {
      this.#held.push(part);
      return '';
    }
    const written = (isOther ? this.#begin(part) : '') + this.#write(part);
    return this.#held.length > 0 && !this.#isHalfCall() ? written + this.#release() : written;
  }

  #release(): string {
    const held = this.#held;
    this.#held = [];
    return this.parts(held);
  }

  #isHalfCall(): boolean {
    const { input } = this.#open ?? {};
    return input !== undefined && !isRecord(parseJson(input));
  }

  #begin(part: BlockPart): string {
    const closed = this.#close();
    this.#open = { of: blockOf(part), ...(part.type === 'toolCall' && { input: '' }) };
    return closed + event({ type: 'content_block_start', index: this.#blocks++, content_block: emptyBlock(part) });
  }

  #write(part: BlockPart): string {
    switch (part.type) {
      case 'text':
        return this.#delta({ type: 'text_delta', text: part.text });
      case 'thinking': {
        const { text, signature } = part;
        const thought = text === '' ? '' : this.#delta({ type: 'thinking_delta', thinking: text });
        return signature === undefined ? thought : thought + this.#delta({ type: 'signature_delta', signature }) + this.#close();
      }
      case 'toolCall': {
        const { arguments: json = '' } = part;
        if (this.#open) this.#open.input += json;
        return json === '' ? '' : this.#delta({ type: 'input_json_delta', partial_json: json });
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

function isBlockPart(part: StreamPart): part is BlockPart {
  return part.type === 'text' || part.type === 'thinking' || part.type === 'toolCall';
}

/** Parts of one block have this in common. */
function blockOf(part: BlockPart): string {
  return part.type === 'toolCall' ? `${part.type} ${part.index}` : part.type;
}

function emptyBlock(part: BlockPart): JsonObject {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: '' };
    case 'thinking':
      return { type: 'thinking', thinking: '', signature: '' };
    case 'toolCall':
      return { type: 'tool_use', id: part.id ?? `call_${part.index}`, name: part.name ?? '', input: {} };
    default:
      return part satisfies never;
  }
}

function event(data: JsonObject): string {
  return `event: ${String(data['type'])}\ndata: ${JSON.stringify(data)}\n\n`;
}
