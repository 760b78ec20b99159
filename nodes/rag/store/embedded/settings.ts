/** What an embedded store remembers about itself. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Language } from '../../text/languages.ts';
import type { EmbeddingModel } from '../store.ts';

export class Settings {
  readonly #get: StatementSync;
  readonly #set: StatementSync;
  readonly #remove: StatementSync;

  constructor(database: DatabaseSync) {
    this.#get = database.prepare('select value from settings where name = ?');
    this.#set = database.prepare('insert or replace into settings (name, value) values (?, ?)');
    this.#remove = database.prepare('delete from settings where name = ?');
  }

  get language(): Language | undefined {
    return this.#read('language') as Language | undefined;
  }

  set language(language: Language) {
    this.#set.run('language', JSON.stringify(language));
  }

  get model(): EmbeddingModel | undefined {
    return this.#read('model') as EmbeddingModel | undefined;
  }

  set model(model: EmbeddingModel | undefined) {
    if (model) this.#set.run('model', JSON.stringify({ name: model.name, dimensions: model.dimensions }));
    else this.#remove.run('model');
  }

  #read(name: string): unknown {
    const value = this.#get.get(name)?.['value'];
    return typeof value === 'string' ? JSON.parse(value) : undefined;
  }
}
