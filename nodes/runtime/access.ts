/** Who may come in to the nodes that serve HTTP, and what is known of it where nobody has chosen. */
import type { Request, Response } from 'express';
import type { Node, NodeAPI } from 'node-red';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Access, type AccessChoice, accessChoices, accessFor, type AccessReport } from '../core/access.ts';
import { readChoice } from '../core/fields.ts';
import { isRecord } from '../core/json.ts';
import { mayLook } from './admin-guard.ts';
import { canvasIdOf } from './llm-nodes.ts';

export interface AccessQuestion {
  /** The property of the flow file. */
  readonly choice: unknown;
  /** Whether there is a key that somebody could send. */
  readonly hasKeys: boolean;
  /** Whether a credential is there that holds none: a variable that is not set, a text that is no key. */
  readonly hasBrokenKeys?: boolean;
}

export interface Found {
  readonly access: Access;
  /** False where the flow file says nothing, and it was found out. */
  readonly isChosen: boolean;
}

const reports = new Map<string, AccessReport>();

const installed = new WeakSet<object>();

/** What the editor asks: where keys are, and where nobody has chosen. */
function installAccessRoute(RED: NodeAPI): void {
  const app = RED.httpAdmin;
  if (!app || installed.has(app)) return;
  installed.add(app);
  app.get('/llm/access', mayLook(RED, 'llm.read'), (_req: Request, res: Response) => void res.json([...reports.values()]));
}

/** Who may come in to the node. @throws RangeError for a choice that there is not */
export function accessOf(RED: NodeAPI, node: Node<object>, { choice: given, hasKeys, hasBrokenKeys = false }: AccessQuestion): Found {
  const choice: AccessChoice = readChoice('access', given, accessChoices);
  // Credentials are those of the node on the canvas, of which a subflow has many.
  const id = canvasIdOf(node) ?? node.id;
  const record = recordOf(RED);
  const hadKeys = hasBrokenKeys || haveCredentialsFailed(RED) || record.has(id);
  const access = accessFor(choice, { hasKeys, hadKeys });
  const isChosen = choice !== '';
  try {
    if (choice === 'everybody') record.drop(id);
    // What is closed now must not be open after the next start, which may know less.
    else if (hasKeys || hadKeys) record.add(id);
  } catch (error) {
    node.warn(`That this node has keys cannot be noted in ${record.file}: ${String(error)}`);
  }
  const report = { id, access, hasKeys };
  reports.set(id, report);
  node.on('close', () => {
    if (reports.get(id) === report) reports.delete(id);
  });
  return { access, isChosen };
}

const failing = new WeakSet<object>();
const watched = new WeakSet<object>();

/** To be called when a type is registered, which is before flows are loaded: from now on it is known whether Node-RED could read its credentials. */
export function prepareAccess(RED: NodeAPI): void {
  installAccessRoute(RED);
  watchCredentials(RED);
}

function watchCredentials(RED: NodeAPI): void {
  const { events } = RED;
  if (watched.has(events)) return;
  watched.add(events);
  events.on('runtime-event', (event: unknown) => {
    const { payload } = isRecord(event) ? event : {};
    if (isRecord(payload) && payload['error'] === 'credentials_load_failed') failing.add(events);
  });
  // Those that came without their keys are known by now; what comes later never had any.
  events.on('flows:started', () => failing.delete(events));
}

function haveCredentialsFailed({ events }: NodeAPI): boolean {
  return failing.has(events);
}

/** A file in Node-RED's user folder with the ids of nodes that have had keys, for the day on which the credentials are gone. */
class KeyRecord {
  /** Undefined where Node-RED has no folder: then nothing is remembered. */
  readonly file: string | undefined;
  /** Undefined where the file cannot be read: then any node may be in it. */
  readonly #ids: Set<string> | undefined;

  constructor(file: string | undefined) {
    this.file = file;
    this.#ids = file === undefined ? new Set() : readIds(file);
  }

  has(id: string): boolean {
    return this.#ids?.has(id) ?? true;
  }

  /** @throws where the file cannot be written */
  add(id: string): void {
    if (this.file === undefined || !this.#ids || this.#ids.has(id)) return;
    this.#ids.add(id);
    writeIds(this.file, this.#ids);
  }

  /** @throws where the file cannot be written */
  drop(id: string): void {
    if (this.file !== undefined && this.#ids?.delete(id)) writeIds(this.file, this.#ids);
  }
}

/** Nodes that are gone stay in it: they may come back by an import. */
const mostIds = 10_000;

const records = new Map<string, KeyRecord>();

function recordOf({ settings: { userDir } }: NodeAPI): KeyRecord {
  const file = userDir === undefined ? undefined : join(userDir, 'llm-access.json');
  const known = records.get(file ?? '');
  if (known) return known;
  const record = new KeyRecord(file);
  records.set(file ?? '', record);
  return record;
}

function readIds(file: string): Set<string> | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? new Set() : undefined;
  }
  try {
    const { hadKeys } = JSON.parse(text) as { hadKeys: unknown };
    return Array.isArray(hadKeys) ? new Set(hadKeys.map(String)) : undefined;
  } catch {
    return undefined;
  }
}

/** Under another name first: half a file would be none. */
function writeIds(file: string, ids: ReadonlySet<string>): void {
  const hadKeys = [...ids].slice(-mostIds);
  writeFileSync(`${file}.new`, `${JSON.stringify({ hadKeys }, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
