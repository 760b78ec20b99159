/**
 * Why a model server ended: from its exit code, its signal and the last lines of its log.
 * The words of llama.cpp were recorded from its version 0.6.0, those of vLLM are read in its sources.
 */
import { LlmError } from '../errors.ts';
import type { Provider } from '../provider.ts';

/** How a process ended, or why there is none. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** A system's code such as ENOENT, where it could not be started. */
  readonly spawnCode?: string | undefined;
}

/** Words of the catalogue, `llm.crash.<reason>`. */
export const crashReasons = ['memory', 'killed', 'model', 'port', 'executable', 'library', 'argument', 'processor', 'hung', 'bound', 'unknown'] as const;
export type CrashReason = (typeof crashReasons)[number];

/** A run's end that nobody asked for. */
export interface Crash {
  readonly reason: CrashReason;
  /** What a request gets that meets it, and what Catch nodes get. It holds no line of the log. */
  readonly error: LlmError;
  /** Absent where the process was never there, or was another's child. */
  readonly exit?: Exit | undefined;
}

/** Ordered: an earlier row is more particular than a later one. A lack of memory also ends in "failed to load model". */
const words: ReadonlyArray<readonly [CrashReason, RegExp]> = [
  ['port', /couldn't bind|address already in use|eaddrinuse/i],
  ['argument', /error: invalid argument|unknown argument|unrecognized arguments?|error while handling argument|error: argument |expected one argument/i],
  [
    'memory',
    /out ?of ?(device|host)? ?memory|insufficient memory|cannot allocate memory|failed to allocate|unable to allocate|bad_alloc|cudamalloc failed|no available memory for the cache|free memory on device .* is less than|is larger than the (maximum number of tokens|available kv cache)/i,
  ],
  ['model', /failed to (load|open) (the )?model|error loading model|failed to open gguf|invalid magic|unknown model architecture|repository ?not ?found|is not a local folder and is not a valid model|does not appear to have a file named|can't load the configuration|invalid repository id|model architectures .* are not supported/i],
  // Of the programs that bound it.
  ['executable', /^taskset: failed to execute|^failed to find executable/i],
  // vLLM also tells of optional modules that it does without.
  ['library', /error while loading shared libraries|library not loaded|^(\(.*?\) )?(modulenotfound|import)error: /i],
];

/** The last lines of a server that has run for long are about its end, those before are not. */
const linesAboutTheEnd = 40;

export interface CrashFacts {
  readonly exit: Exit | undefined;
  readonly lines: readonly string[];
  readonly wasReady: boolean;
  readonly provider: Provider;
}

export function explainCrash({ exit, lines, wasReady, provider }: CrashFacts): Crash {
  const reason = exit ? reasonOf(exit, wasReady ? lines.slice(-linesAboutTheEnd) : lines) : 'unknown';
  return { reason, error: crashError(reason, provider, exit), exit };
}

/** A crash whose reason is known otherwise. */
export function crashOf(reason: CrashReason, provider: Provider, message?: string): Crash {
  return { reason, error: crashError(reason, provider, undefined, message) };
}

function reasonOf({ spawnCode, code, signal }: Exit, lines: readonly string[]): CrashReason {
  if (spawnCode !== undefined) return spawnCode === 'ENOMEM' || spawnCode === 'EAGAIN' ? 'memory' : spawnCode === 'E2BIG' ? 'argument' : 'executable';
  const said = words.find(([, pattern]) => lines.some((line) => pattern.test(line)));
  if (said) return said[0];
  if (signal === 'SIGKILL' || code === 137) return 'killed';
  if (signal === 'SIGILL' || code === 132) return 'processor';
  // What a shell says of a program that it cannot run: many a server is started by a script.
  return code === 127 || code === 126 ? 'executable' : 'unknown';
}

const texts: Record<CrashReason, { message: string; hint: string }> = {
  memory: { message: 'ran out of memory', hint: 'Use a smaller or more quantized model, a smaller context, fewer parallel slots, or fewer layers on the GPU.' },
  killed: {
    message: 'was killed (SIGKILL), as the system does when memory runs out',
    hint: 'Look into the system’s log (dmesg). If it was memory, use a smaller model, a smaller context or fewer slots.',
  },
  model: { message: 'cannot load its model', hint: 'Check the path or name of the model: it may be missing, cut off in a download, or made for a newer server.' },
  port: { message: 'cannot have its port: something else listens there', hint: 'Stop the other one, or give this server another port.' },
  executable: { message: 'cannot be started: its program is missing or may not be run', hint: 'Give its whole path, and check that Node-RED’s user may run it.' },
  library: { message: 'lacks a library', hint: 'Install it anew, or put the library’s folder into the environment, as LD_LIBRARY_PATH.' },
  argument: { message: 'does not take one of its arguments', hint: 'Check the further arguments (one a line) against the help of the installed version.' },
  processor: { message: 'was built for another processor', hint: 'Install or build one for this machine.' },
  hung: { message: 'did not answer any more and was ended', hint: 'Look into the last lines of its log, in the dialog of the server. If it was busy with very long prompts, let it take fewer requests at once.' },
  bound: { message: 'took more memory than it may and was ended', hint: 'Let it have more, in the dialog of the server; or use a smaller model, a smaller context or fewer requests at once.' },
  unknown: { message: 'ended by itself', hint: 'Look into the last lines of its log, in the dialog of the server.' },
};

function crashError(reason: CrashReason, { id, label }: Provider, exit?: Exit, said?: string): LlmError {
  const { message, hint } = texts[reason];
  const kind = reason === 'memory' || reason === 'killed' || reason === 'bound' ? 'out_of_memory' : 'unavailable';
  return new LlmError(kind, `${label} ${said ?? message}${describe(reason, exit)}.`, { provider: id, hint, retryable: false });
}

function describe(reason: CrashReason, exit: Exit | undefined): string {
  if (!exit || reason === 'killed') return '';
  const { spawnCode, signal, code } = exit;
  return ` (${spawnCode ?? signal ?? `exit code ${code ?? 'unknown'}`})`;
}
