/** Writes what a benchmark has measured into test/bench/RESULTS.md, in place of what it measured the last time. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { root } from '../../scripts/project.ts';

const file = join(import.meta.dirname, 'RESULTS.md');

/** Prints the section, too. `title` is its heading; `versions` are of what was measured. */
export function report(title: string, text: string, versions: Readonly<Record<string, string>> = {}): void {
  const section = `## ${title}\n\n${circumstances(versions)}\n\n${text.trim()}\n`;
  const sections = readSections().filter((one) => !one.startsWith(`## ${title}\n`));
  writeFileSync(file, `# Results\n\nThe last run of each benchmark. Repeat them with the commands in the README.\n\n${[...sections, section].sort().join('\n')}`);
  console.log(`${section}\nWritten to test/bench/RESULTS.md.`);
}

/** The version of an installed package. */
export function versionOf(name: string, folder = join(root, 'node_modules')): string {
  return (JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')) as { version: string }).version;
}

function circumstances(versions: Readonly<Record<string, string>>): string {
  const [cpu] = cpus();
  const machine = `${cpus().length} cores (${cpu?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const all = { 'Node.js': process.version.slice(1), 'Node-RED': versionOf('node-red'), ...versions };
  return `${new Date().toISOString().slice(0, 10)}, ${machine}. ${Object.entries(all).map(([name, version]) => `${name} ${version}`).join(', ')}.`;
}

function readSections(): string[] {
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return text.split(/^(?=## )/m).filter((section) => section.startsWith('## ')).map((section) => `${section.trim()}\n`);
}
