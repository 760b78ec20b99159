/** A real folder with files in it. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

export interface TestFolder {
  readonly path: string;
  at(name: string): string;
  write(...names: string[]): void;
}

export function testFolder(t: TestContext, ...files: string[]): TestFolder {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'folder-')));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  const at = (name: string) => join(path, name);
  const write = (...names: string[]) => {
    for (const name of names) {
      mkdirSync(dirname(at(name)), { recursive: true });
      writeFileSync(at(name), name);
    }
  };
  write(...files);
  return { path, at, write };
}
