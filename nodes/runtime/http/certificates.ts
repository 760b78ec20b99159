/** Certificates for a port of one's own: read when it opens, at each deploy, and when their files change. */
import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { TlsOptions } from 'node:tls';
import type { NodeAPI } from 'node-red';
import type { Tls } from '../../core/listening.ts';

/** Files on network drives tell nobody of a change: they are looked at. */
const lookEveryMs = 5_000;

interface Settings {
  readonly userDir?: string | undefined;
  readonly https?: TlsOptions | (() => TlsOptions | Promise<TlsOptions>) | undefined;
}

/** Undefined for plain HTTP. @throws Error that says what cannot be read */
export async function readCertificates({ settings }: Pick<NodeAPI, 'settings'>, tls: Tls): Promise<TlsOptions | undefined> {
  const { https } = settings as Settings;
  switch (tls.kind) {
    case 'off':
      return undefined;
    case 'files': {
      const [cert, key] = await Promise.all(filesOf(settings, tls).map((file) => readFile(file)));
      return { cert, key };
    }
    case 'node-red':
      if (!https) throw new Error('Node-RED’s settings file has no https.');
      return typeof https === 'function' ? https() : https;
  }
}

/** Calls when a file of a certificate has changed. Returns the function that ends it. */
export function watchCertificates({ settings }: Pick<NodeAPI, 'settings'>, tls: Tls, onChange: () => void): () => void {
  const files = tls.kind === 'files' ? filesOf(settings, tls) : [];
  for (const file of files) watchFile(file, { interval: lookEveryMs, persistent: false }, onChange);
  return () => files.forEach((file) => unwatchFile(file, onChange));
}

/** Relative ones are within Node-RED's user folder. */
function filesOf({ userDir = '.' }: Settings, { cert, key }: Extract<Tls, { kind: 'files' }>): string[] {
  return [resolve(userDir, cert), resolve(userDir, key)];
}
