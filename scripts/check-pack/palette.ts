/** What a running Node-RED says about the installed palette. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeRed } from '../node-red.ts';
import { project, root } from '../project.ts';

export interface Check {
  name: string;
  problems: string[];
}

interface Plugin {
  id: string;
  enabled: boolean;
  err?: unknown;
}

interface NodeSet {
  id: string;
  types: string[];
  enabled: boolean;
  err?: unknown;
}

/** The reason why a set does not load stands in the log alone. */
export async function paletteChecks({ url, log }: NodeRed): Promise<Check[]> {
  const found = (await (await get(`${url}/nodes`, 'application/json')).json()) as NodeSet[];
  const wanted = Object.keys(project['node-red'].nodes).map((name) => `${project.name}/${name}`);
  const sets = found.filter(({ id }) => wanted.includes(id));
  return [
    { name: `${wanted.length} sets of nodes load`, problems: wanted.flatMap((id) => setProblems(id, sets, log.text)) },
    { name: 'their editors are served', problems: await editorProblems(url, sets) },
    { name: 'their catalogues are served', problems: await catalogueProblems(url, sets) },
    { name: 'the icons are served', problems: await iconProblems(url) },
    { name: 'the plugins load, with their editors and catalogues', problems: await pluginProblems(url) },
  ];
}

function setProblems(id: string, sets: NodeSet[], log: string): string[] {
  const set = sets.find((candidate) => candidate.id === id);
  if (!set) return [`${id} is not there`];
  if (set.err) return [`${id} does not load`, ...log.split('\n').filter((line) => line.includes(`[${id}]`))];
  if (!set.enabled) return [`${id} is not enabled`];
  return set.types.length > 0 ? [] : [`${id} has no types`];
}

async function editorProblems(url: string, sets: NodeSet[]): Promise<string[]> {
  const html = await (await get(`${url}/nodes`, 'text/html')).text();
  return sets
    .flatMap(({ types }) => types)
    .flatMap((type) => [
      ...(new RegExp(`registerType\\(\\s*["']${type}["']`).test(html) ? [] : [`${type} has no registerType`]),
      ...(html.includes(`data-help-name="${type}"`) ? [] : [`${type} has no help`]),
    ]);
}

async function catalogueProblems(url: string, sets: NodeSet[]): Promise<string[]> {
  const problems = sets.map(async ({ id }) => {
    const catalogue = (await (await get(`${url}/locales/${id}?lng=en-US`, 'application/json')).json()) as object;
    return Object.keys(catalogue).length > 0 ? [] : [`${id} has no texts`];
  });
  return (await Promise.all(problems)).flat();
}

async function iconProblems(url: string): Promise<string[]> {
  const icons = readdirSync(join(root, 'icons')).filter((file) => file.endsWith('.svg'));
  const problems = icons.map(async (icon) => {
    const response = await get(`${url}/icons/${project.name}/${icon}`, 'image/svg+xml');
    // Node-RED serves a stand-in for an icon that it does not have.
    const same = (await response.text()) === readFileSync(join(root, 'icons', icon), 'utf8');
    return response.status === 200 && same ? [] : [`${icon} is not served`];
  });
  return (await Promise.all(problems)).flat();
}

async function pluginProblems(url: string): Promise<string[]> {
  const found = (await (await get(`${url}/plugins`, 'application/json')).json()) as Plugin[];
  const html = await (await get(`${url}/plugins`, 'text/html')).text();
  const catalogues = (await (await get(`${url}/plugins/messages?lng=en-US`, 'application/json')).json()) as Record<string, object>;
  return Object.keys(project['node-red'].plugins ?? {}).flatMap((name) => {
    const id = `${project.name}/${name}`;
    const plugin = found.find((candidate) => candidate.id === id);
    return [
      ...(plugin?.enabled && !plugin.err ? [] : [`${id} does not load`]),
      ...(new RegExp(`registerPlugin\\(\\s*["']${name}["']`).test(html) ? [] : [`${id} has no editor`]),
      ...(Object.keys(catalogues[id] ?? {}).length > 0 ? [] : [`${id} has no texts`]),
    ];
  });
}

function get(url: string, type: string): Promise<Response> {
  return fetch(url, { headers: { Accept: type } });
}
