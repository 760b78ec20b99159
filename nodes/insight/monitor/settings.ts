/** The settings of a monitor, with their defaults and bounds. Read by the runtime and by the editor. */
import { readChoice, readHttpPath, readNumber } from '../../core/fields.ts';
import type { ListeningFields } from '../../core/listening.ts';
import type { LimitField } from '../../core/limits.ts';
import { type AlertRule, readAlerts } from '../alerts/settings.ts';
import type { CaptureRules } from '../capture/capture.ts';
import { readPatterns } from '../capture/expressions.ts';
import type { RedactionSettings } from '../capture/redaction.ts';

export const defaultMetricsPath = '/llm/metrics';

export const logTargets = ['off', 'node-red', 'file'] as const;

/** Where prompts and answers are kept for the sidebar. */
export const captureTargets = ['off', 'memory'] as const;

/** Where spans go: to the SDK that the process runs, or to an address. */
export const telemetryTargets = ['off', 'process', 'otlp'] as const;

export const defaultOtlpUrl = 'http://localhost:4318';

export const monitorFields = {
  /** How often a summary is sent; 0 for never. */
  summarySeconds: { value: 60, min: 0, max: 86_400 },
  logFileMb: { value: 10, min: 1, max: 10_000 },
  /** The one that is written to among them. */
  logFiles: { value: 5, min: 1, max: 100 },
  /** Of so many requests content is kept: no more than are shown. */
  captureCount: { value: 100, min: 1, max: 300 },
} as const satisfies Record<string, LimitField>;

export type MonitorField = keyof typeof monitorFields;

export interface MonitorFields extends ListeningFields, Partial<Record<MonitorField, unknown>> {
  /** Whether metrics are served. */
  readonly metrics?: unknown;
  readonly path?: unknown;
  /** Who may read them: `everybody`, or those with the token (`keys`). */
  readonly access?: unknown;
  /** Models that may be labels, one a line. */
  readonly models?: unknown;
  readonly alerts?: unknown;
  readonly log?: unknown;
  readonly logFile?: unknown;
  /** Whether each attempt has a line of its own. */
  readonly logAttempts?: unknown;
  /** Whether prompts and answers stand in the log. */
  readonly logContent?: unknown;
  readonly capture?: unknown;
  readonly redactKeys?: unknown;
  readonly redactEmails?: unknown;
  readonly redactCards?: unknown;
  /** Regular expressions, one a line. */
  readonly redactPatterns?: unknown;
  readonly telemetry?: unknown;
  readonly otlpUrl?: unknown;
}

export interface LogSettings {
  readonly target: (typeof logTargets)[number];
  /** As it was typed: a relative one is within Node-RED's user folder. */
  readonly file: string;
  readonly maxBytes: number;
  readonly files: number;
  readonly attempts: boolean;
  /** How prompts and answers are redacted; undefined where none is written. */
  readonly content: RedactionSettings | undefined;
}

export interface MonitorSettings {
  /** Where metrics are served; undefined for nowhere. */
  readonly path: string | undefined;
  readonly models: readonly string[];
  readonly alerts: readonly AlertRule[];
  /** 0 for never. */
  readonly summaryMs: number;
  readonly log: LogSettings;
  /** What is kept of prompts and answers in memory; undefined for nothing. */
  readonly capture: CaptureRules | undefined;
  readonly telemetry: (typeof telemetryTargets)[number];
  /** Without a slash at the end. */
  readonly otlpUrl: string;
}

export const defaultLogFile = 'llm-requests.log';

/** @throws RangeError that names the field */
export function readMonitorSettings(fields: MonitorFields): MonitorSettings {
  const { metrics, path, models, alerts, log, logFile, logAttempts, logContent, capture, telemetry, otlpUrl } = fields;
  const number = (name: MonitorField) => readNumber(name, fields[name], { ...monitorFields[name], integer: true }) ?? monitorFields[name].value;
  const rules: CaptureRules = { ...readRedaction(fields), count: number('captureCount') };
  return {
    path: metrics === false ? undefined : readMetricsPath(path),
    models: String(models ?? '').split('\n').map((line) => line.trim()).filter((line) => line !== ''),
    alerts: readAlerts(alerts),
    summaryMs: number('summarySeconds') * 1000,
    log: {
      target: readChoice('log', log, logTargets),
      file: String(logFile ?? '').trim() || defaultLogFile,
      maxBytes: number('logFileMb') * 1_000_000,
      files: number('logFiles'),
      attempts: logAttempts === true,
      content: logContent === true ? rules : undefined,
    },
    capture: readChoice('capture', capture, captureTargets) === 'memory' ? rules : undefined,
    telemetry: readChoice('telemetry', telemetry, telemetryTargets),
    otlpUrl: readOtlpUrl(otlpUrl),
  };
}

/** Whatever is not switched off is taken out. @throws RangeError */
function readRedaction({ redactKeys, redactEmails, redactCards, redactPatterns }: MonitorFields): RedactionSettings {
  return { keys: redactKeys !== false, emails: redactEmails !== false, cards: redactCards !== false, patterns: readPatterns(redactPatterns) };
}

/** @throws RangeError */
export function readOtlpUrl(given: unknown): string {
  const url = String(given ?? '').trim() || defaultOtlpUrl;
  const { protocol = '', username = '', password = '' } = URL.canParse(url) ? new URL(url) : {};
  if (!/^https?:$/.test(protocol) || username || password) throw new RangeError(`otlpUrl must be an address such as ${defaultOtlpUrl}, without a user.`);
  return url.replace(/\/+$/, '');
}

/** @throws RangeError */
export function readMetricsPath(given: unknown): string {
  return readHttpPath('path', given, defaultMetricsPath);
}
