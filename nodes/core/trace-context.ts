/** W3C's trace context (https://www.w3.org/TR/trace-context/): by which a client's traces, ours and a server's become one. */

/** A traceparent's parts. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 of them. */
  readonly spanId: string;
  readonly flags: number;
}

/** Undefined for what is no traceparent, or says that it is none. */
export function readTraceparent(given: unknown): TraceContext | undefined {
  if (typeof given !== 'string') return undefined;
  // Later versions may have more behind it.
  const [, version, traceId = '', spanId = '', flags = ''] = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-.*)?$/.exec(given.trim()) ?? [];
  if (version === undefined || version === 'ff' || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

export function writeTraceparent({ traceId, spanId, flags }: TraceContext): string {
  return `00-${traceId}-${spanId}-${(flags & 0xff).toString(16).padStart(2, '0')}`;
}

type Source = (requestId: string) => string | undefined;

const sources = new Set<Source>();

/** Lets whoever traces requests say what servers are told. Returns the function that ends it. */
export function tellTraceparent(source: Source): () => void {
  sources.add(source);
  return () => {
    sources.delete(source);
  };
}

/** The traceparent for what a backend sends for its request; undefined where nobody traces it. */
export function traceparentOf(requestId: string): string | undefined {
  for (const source of sources) {
    const traceparent = source(requestId);
    if (traceparent !== undefined) return traceparent;
  }
  return undefined;
}
