/** What the page remembers in the browser. A browser that keeps nothing only makes it forgetful. */
import { bounds, type Exchange, readExchanges, writeExchanges } from './conversation.ts';
import { isObject, parse } from './wire.ts';

/** The part of the browser's Storage that is used. */
export interface Store {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** The browser's store, or one that lasts as long as the page where it allows none. */
export function openStore(open: () => Store): Store {
  try {
    return open();
  } catch {
    const kept = new Map<string, string>();
    return {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
      removeItem: (key) => void kept.delete(key),
    };
  }
}

export interface Settings {
  model: string;
  system: string;
  /** As typed; empty for the backend's own. */
  temperature: string;
}

export class Memory {
  readonly #prefix: string;
  readonly #local: Store;
  readonly #session: Store;

  /** @param endpoint the address of the API: endpoints of one Node-RED share the browser's store. */
  constructor(endpoint: string, local: Store, session: Store) {
    this.#prefix = `llm-chat ${endpoint} `;
    this.#local = local;
    this.#session = session;
  }

  get exchanges(): Exchange[] {
    return readExchanges(this.#read(this.#local, 'conversation'));
  }

  /** Keeps the newest part of the conversation, less where the browser has less room. */
  set exchanges(exchanges: readonly Exchange[]) {
    for (let { characters } = bounds; characters > 1000; characters /= 4) {
      if (this.#write(this.#local, 'conversation', writeExchanges(exchanges, { ...bounds, characters }))) return;
    }
  }

  get settings(): Settings {
    const kept = parse(this.#read(this.#local, 'settings'));
    const settings: Settings = { model: '', system: '', temperature: '' };
    if (!isObject(kept)) return settings;
    for (const name of ['model', 'system', 'temperature'] as const) {
      const value = kept[name];
      if (typeof value === 'string') settings[name] = value;
    }
    return settings;
  }

  set settings(settings: Settings) {
    this.#write(this.#local, 'settings', JSON.stringify(settings));
  }

  /** The API key. It goes when the tab is closed. */
  get key(): string {
    return this.#read(this.#session, 'key');
  }

  set key(key: string) {
    this.#write(this.#session, 'key', key);
  }

  #read(store: Store, name: string): string {
    try {
      return store.getItem(this.#prefix + name) ?? '';
    } catch {
      return '';
    }
  }

  #write(store: Store, name: string, value: string): boolean {
    try {
      if (value === '') store.removeItem(this.#prefix + name);
      else store.setItem(this.#prefix + name, value);
      return true;
    } catch {
      return false;
    }
  }
}
