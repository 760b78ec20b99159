/** Model servers of each provider's kind that do what the requested model's name says, with recorded bytes. */
import { anthropicMessages } from '../../nodes/formats/anthropic-messages/format.ts';
import { openAiChat } from '../../nodes/formats/openai-chat/format.ts';
import { embeddingsAnswer } from './fake-embeddings.ts';
import { fixture } from './fixtures.ts';
import { written } from './formats.ts';
import { recorded } from './recorded.ts';
import { type Exchange, type ReceivedRequest, startServer } from './server.ts';

export const providers = ['openai', 'anthropic', 'llamacpp', 'vllm'] as const;
export type ProviderName = (typeof providers)[number];

export interface FakeProviders {
  readonly urls: Readonly<Record<ProviderName, string>>;
  /** The request that came last. */
  last(): ReceivedRequest;
  /** Requests that are being worked on. */
  open(): number;
  /** The next request for the model `hang`, when its first tokens are sent. */
  nextHanging(): Promise<Hanging>;
  close(): Promise<void>;
}

export interface Hanging {
  /** Resolves when its connection is closed. */
  readonly closed: Promise<void>;
  /** Sends the rest. */
  finish(): void;
}

/** What each provider streams for the models `text` and `tools`. */
export const streams: Record<ProviderName, Record<'text' | 'tools', string>> = {
  openai: { text: fixture('openai/chat.txt'), tools: fixture('openai/chat-tools.txt') },
  anthropic: { text: fixture('anthropic/text.txt'), tools: fixture('anthropic/thinking-tools.txt') },
  llamacpp: { text: recorded('v1_chat_stream_usage').body.toString(), tools: fixture('openai/chat-tools.txt') },
  vllm: { text: fixture('openai/chat.txt'), tools: fixture('openai/chat-tools.txt') },
};

/** What each provider's stream says for the model `json`. */
export const place = { city: 'Paris' };

/** What stands in error bodies and must come no further. */
export const providerSecret = 'sk-provider-secret';

export async function startProviders(): Promise<FakeProviders> {
  let open = 0;
  let last: ReceivedRequest | undefined;
  const waiting: Array<(hanging: Hanging) => void> = [];
  const start = (name: ProviderName) =>
    startServer(async (exchange) => {
      open++;
      last = exchange.request;
      void exchange.closed.then(() => open--);
      await answer(name, exchange, (hanging) => waiting.shift()?.(hanging));
    });
  const servers = await Promise.all(providers.map(start));
  const urls = Object.fromEntries(providers.map((name, at) => [name, servers[at]?.url ?? ''])) as Record<ProviderName, string>;
  return {
    urls,
    last: () => last ?? { method: '', path: '', headers: {}, text: '', json: {} },
    open: () => open,
    nextHanging: () => new Promise((resolve) => waiting.push(resolve)),
    close: async () => void (await Promise.all(servers.map((server) => server.close()))),
  };
}

async function answer(name: ProviderName, exchange: Exchange, onHanging: (hanging: Hanging) => void): Promise<void> {
  const model = String(exchange.request.json['model']);
  const events = streams[name].text.split(/(?<=\n\n)/);
  const isAboutTools = Array.isArray(exchange.request.json['tools']) && !exchange.request.text.includes('tool_result') && !exchange.request.text.includes('"tool"');
  const failure = /^status-(\d+)$/.exec(model);
  if (failure) return exchange.json(Number(failure[1]), { error: { message: `It failed for ${providerSecret}.`, type: 'some_error' } }, { 'retry-after': '2' });
  if (exchange.request.path.endsWith('/embeddings')) return exchange.json(200, embeddingsAnswer(name, exchange.request.json));
  switch (model) {
    case 'silent':
      return;
    case 'hang':
      exchange.startStream();
      await exchange.write(events.slice(0, 4).join(''));
      return onHanging({ closed: exchange.closed, finish: () => exchange.end(events.slice(4).join('')) });
    case 'broken':
      exchange.startStream();
      await exchange.write(events.slice(0, 5).join(''));
      return exchange.reset();
    case 'failing':
      exchange.startStream();
      await exchange.write(events.slice(0, 5).join(''));
      return exchange.end(`event: error\ndata: ${JSON.stringify({ type: 'error', error: { type: 'overloaded_error', message: `Overloaded by ${providerSecret}` } })}\n\n`);
    case 'json':
      exchange.startStream();
      return exchange.end(placeStream(name));
    default:
      exchange.startStream();
      return exchange.end(isAboutTools ? streams[name].tools : streams[name].text);
  }
}

function placeStream(name: ProviderName): string {
  const text = JSON.stringify(place);
  return written(name === 'anthropic' ? anthropicMessages : openAiChat, [[{ type: 'text', text: text.slice(0, 8) }], [{ type: 'text', text: text.slice(8) }, { type: 'finish', reason: 'stop' }]]);
}
