/** How much of a model is loaded, as the servers write it: vLLM in percent, llama.cpp (where it is told to log so much) one dot for each percent. */

/** From 0 to 100; undefined where the line says nothing of it. */
export function readProgress(line: string): number | undefined {
  const [, percent] = /\bload\w*\b.*?(\d{1,3})%/i.exec(line) ?? [];
  if (percent !== undefined) return Math.min(100, Number(percent));
  const [dots] = /\.{4,100}$/.exec(line) ?? [];
  return dots?.length;
}
