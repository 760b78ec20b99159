/** Where the request log goes: Node-RED's own log, or a file of its own. */
import { resolve } from 'node:path';
import type { Node, NodeAPI } from 'node-red';
import { bus } from '../../core/events.ts';
import { Redaction } from '../capture/redaction.ts';
import { RequestLog } from '../log/request-log.ts';
import { RotatingFile } from '../log/rotating-file.ts';
import type { LogSettings } from './settings.ts';

export interface OpenLog {
  /** Lines that could not be written since the trouble began; 0 where all is well. */
  readonly lost: number;
  close(): Promise<void>;
}

export function openLog(RED: NodeAPI, node: Node, settings: LogSettings, onChange: () => void): OpenLog | undefined {
  const { target, attempts, content } = settings;
  if (target === 'off') return undefined;
  const file = target === 'file' ? openFile(RED, node, settings, onChange) : undefined;
  const write = (line: string) => (file ? file.write(line) : node.log(line));
  const log = new RequestLog({ bus, attempts, content: content && new Redaction(content, (complaint) => node.warn(complaint)), write: (record) => write(JSON.stringify(record)) });
  return {
    get lost() {
      return file?.lost ?? 0;
    },
    async close() {
      await log.close();
      await file?.close();
    },
  };
}

function openFile(RED: NodeAPI, node: Node, { file, maxBytes, files }: LogSettings, onChange: () => void): RotatingFile {
  return new RotatingFile({
    path: resolve(RED.settings.userDir ?? '.', file),
    maxBytes,
    files,
    onTrouble(code) {
      node.warn(`The request log cannot be written (${code}): its lines are lost until it can. Requests go on.`);
      onChange();
    },
    onRecovery(lost) {
      node.warn(`The request log is written again; ${lost} lines were lost.`);
      onChange();
    },
  });
}
