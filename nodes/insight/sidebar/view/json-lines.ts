/** Lines of JSON, as they come. */

/**
 * Each line as the JSON that it holds; a last one that was broken off is left out.
 * @throws SyntaxError where a line is no JSON, and what the stream fails with.
 */
export async function* readJsonLines<Line>(stream: ReadableStream<Uint8Array>): AsyncGenerator<Line, void> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  let rest = '';
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      const lines = (rest + decoder.decode(piece.value, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as Line;
    }
  } finally {
    await reader.cancel();
  }
}
