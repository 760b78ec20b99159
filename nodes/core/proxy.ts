/** The way to a provider on the internet, through the proxy that the environment names. */
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { isLoopback } from './addresses.ts';
import { type Connections, keptConnections } from './connections.ts';
import { LlmError } from './errors.ts';

/** No hidden time limits: the attempt's own timers abort. */
const unlimited = { headersTimeout: 0, bodyTimeout: 0 };

/** How long an idle connection is kept: a TLS handshake is worth saving, a plain server may close after 5 s. */
const keepAliveMs = { tls: 60_000, plain: 4_000 };

/**
 * The connections to one address. HTTPS_PROXY, HTTP_PROXY and NO_PROXY hold for it; never for this machine itself,
 * as in Go's `ProxyFromEnvironment`.
 * @throws LlmError `misconfigured` for a proxy whose address is none
 */
export function createProxyConnections(url: string): Connections {
  const options = { ...unlimited, connectTimeout: 0, allowH2: false };
  const keepAliveTimeout = url.startsWith('https:') ? keepAliveMs.tls : keepAliveMs.plain;
  return { kept: createDispatcher(url, { ...options, keepAliveTimeout, factory: keptConnections }), fresh: createDispatcher(url, { ...options, pipelining: 0 }) };
}

function createDispatcher(url: string, options: Agent.Options): Dispatcher {
  const agent = isLoopback(url) ? new Agent(options) : createEnvAgent(options);
  // undici gives a proxy that forwards plain HTTP none of the options above: set the limits for each request.
  return agent.compose((dispatch) => (request, handler) => dispatch({ ...request, ...unlimited }, handler));
}

/** The name of the variable that names a proxy for this address, if there is one. */
export function proxyVariable(url: string): string | undefined {
  if (isLoopback(url)) return undefined;
  const names = url.startsWith('https:') ? ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'] : ['http_proxy', 'HTTP_PROXY'];
  return names.find((name) => process.env[name]);
}

function createEnvAgent(options: Agent.Options): Dispatcher {
  try {
    return new EnvHttpProxyAgent(options);
  } catch {
    throw new LlmError('misconfigured', 'The address of the HTTP proxy in the environment is none.', {
      hint: 'Correct HTTPS_PROXY or HTTP_PROXY: it looks like http://proxy.example:3128.',
    });
  }
}
