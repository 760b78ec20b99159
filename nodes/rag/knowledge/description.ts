/** What the test of a store says. */
import type { StoreFacts } from '../store/store.ts';

export function describe({ documents, passages, model, bytes }: StoreFacts): string {
  const vectors = model ? `vectors of ${model.name} with ${model.dimensions} numbers` : 'no vectors';
  return `It holds ${count(documents, 'document')} in ${count(passages, 'passage')}, ${vectors}, and takes ${size(bytes)}.`;
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`;
}

function size(bytes: number): string {
  const mib = bytes / 2 ** 20;
  return mib < 1 ? `${Math.ceil(bytes / 1024)} KiB` : `${mib.toFixed(1)} MiB`;
}
