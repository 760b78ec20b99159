/** Looks for a llama.cpp server, so that the first flow can use it. */

/** True if a llama-server answers at this address, be it still loading its model (503). */
export async function llamaServerListens(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url.replace(/\/+$/, '')}/health`, { signal: AbortSignal.timeout(500) });
    await response.body?.cancel();
    return response.status === 200 || response.status === 503;
  } catch {
    return false;
  }
}
