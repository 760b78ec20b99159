/** What the editor's Test says of a place. It makes and changes nothing there: what stands in the form may not be what is meant in the end. */
import { existsSync } from 'node:fs';
import { openStore, type StoreOptions } from '../store/open.ts';
import { describe } from './description.ts';

const nothingYet = 'It is new, and holds nothing yet.';

/** One sentence. @throws LlmError of the store */
export async function testPlace(place: StoreOptions): Promise<string> {
  if (place.kind === 'embedded' && !existsSync(place.path)) return nothingYet;
  // In another language than its own an embedded store would analyze all that it holds anew, under those who use it.
  const store = openStore(place.kind === 'embedded' ? { ...place, language: undefined } : place);
  try {
    const facts = await store.facts();
    return facts.bytes === 0 ? nothingYet : describe(facts);
  } finally {
    await store.close();
  }
}
