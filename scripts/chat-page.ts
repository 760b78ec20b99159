/** Where the flows that run have a chat page. */
import { readPath } from '../nodes/endpoint/settings.ts';

interface Endpoint {
  type?: unknown;
  path?: unknown;
  chat?: unknown;
  /** Whether the node is disabled. */
  d?: unknown;
}

/** The path of the first endpoint with a chat page in a flow file, such as `/v1`; undefined where there is none. */
export function chatEndpoint(flows: string): string | undefined {
  try {
    const nodes = JSON.parse(flows) as Array<Endpoint | null>;
    const endpoint = nodes.find((node) => node?.type === 'llm-endpoint' && node.chat !== false && node.d !== true);
    return endpoint ? readPath(endpoint.path) : undefined;
  } catch {
    // What is wrong with the file, Node-RED says.
    return undefined;
  }
}
