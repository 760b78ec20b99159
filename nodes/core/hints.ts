/** What a person should do next, for every kind of failure. */
import type { FailureKind } from './errors.ts';
import type { Provider } from './provider.ts';
import type { CompletionRequest } from './request.ts';

export interface HintFacts {
  provider: Provider;
  model?: string | undefined;
  task?: CompletionRequest['task'];
  status?: number | undefined;
  /** A system or TLS code such as ECONNREFUSED. */
  networkCode?: string | undefined;
  /** The provider's own words, to choose by, never to quote. */
  detail?: string | undefined;
}

export function hintFor(kind: FailureKind, facts: HintFacts): string | undefined {
  const { provider, detail = '' } = facts;
  switch (kind) {
    case 'auth':
      return provider.keyVariable
        ? `Check the API key in the node's account, or ${provider.keyVariable} in the environment.`
        : "Check the API key in the node's server.";
    case 'quota':
      return 'Waiting will not help: add credit or raise the limit in the provider’s billing settings.';
    case 'rate_limit':
      return 'Send fewer requests at once (Most at once, under Limits), or ask the provider for a higher limit.';
    case 'overloaded':
      return /loading/i.test(detail)
        ? 'The model is still loading. Try again in a moment, or allow more retries under Limits.'
        : 'Try again in a moment, or let a fallback take over.';
    case 'unavailable':
      return networkHint(facts);
    case 'timeout':
      return 'Raise the time limit under Limits, or look whether the server is busy.';
    case 'server':
      return `Look into the log of ${provider.label} at ${provider.url}.`;
    case 'out_of_memory':
      return 'Use a smaller or more quantized model, a smaller context, fewer parallel slots, or fewer layers on the GPU.';
    case 'interrupted':
      return 'The server may have crashed or been restarted: look into its log.';
    case 'context_length':
      return 'Shorten the prompt or the conversation, or choose a model or server with a larger context.';
    case 'not_found':
      return notFoundHint(facts);
    case 'invalid_request':
      return 'Check the message and the node’s settings: the server did not accept one of them.';
    case 'content_filter':
      return 'Rephrase the prompt.';
    case 'shed':
      return 'Raise Most waiting or Most at once under Limits, or send requests more slowly.';
    case 'circuit_open':
      return 'It failed several times in a row. It is tried again by itself; look into its log meanwhile.';
    case 'budget':
      return 'Raise the budget or wait until it renews.';
    case 'misconfigured':
      return 'Open the node and correct it.';
    case 'cancelled':
      return undefined;
    default:
      return kind satisfies never;
  }
}

function notFoundHint({ model, task, detail = '' }: HintFacts): string {
  if (/--embeddings|pooling type/i.test(detail)) return 'Start llama-server with --embeddings, and with --pooling mean where the model names no pooling.';
  if (/--tool-call-parser/.test(detail)) return 'Start vLLM with --enable-auto-tool-choice, and with the --tool-call-parser that fits the model.';
  if (/multimodal|image/i.test(detail)) return 'Choose a model that takes images, or a server that was started for them.';
  if (/embeddings/i.test(detail)) return 'Choose a model that gives embeddings.';
  // A vLLM that writes has no path for them.
  if (task === 'embed' && !/model/i.test(detail)) return 'Choose a model and a server that gives embeddings, or check the address.';
  return model && /model/i.test(detail) ? 'Check the model’s name: the list beside the field shows what the server has.' : 'Check the address and the API in the node.';
}

function networkHint({ provider, networkCode = '' }: HintFacts): string {
  const host = hostOf(provider.url);
  switch (networkCode) {
    case 'ECONNREFUSED':
      return `Nothing listens on ${provider.url}. ${provider.startHint ?? 'Start the server, or correct the address.'}`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The name ${host} cannot be resolved. Check the address and the network.`;
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return `The connection to ${host} was closed before an answer came. Look into the server's log.`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return `There is no way to ${host}. Check the network, the firewall and the address.`;
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return `${host} does not speak TLS: use http:// instead of https://.`;
    case 'CERT_HAS_EXPIRED':
      return `The certificate of ${host} has expired: renew it.`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `The certificate is for another name than ${host}: use the name that it is made for.`;
    default:
      return /CERT|SIGNATURE|SELF_SIGNED|ISSUER/.test(networkCode)
        ? `The certificate of ${host} cannot be verified. Give Node.js its authority by NODE_EXTRA_CA_CERTS.`
        : `Check that ${provider.url} can be reached from this machine.`;
  }
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
