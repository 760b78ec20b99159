/**
 * Methods in a process of their own, whose memory is bounded as a whole: a worker thread's limits leave out what lies beside JavaScript's
 * heap, and one large allocation there ends Node-RED. On Linux the system holds the bound (`ulimit`, set by a shell that then becomes the
 * process), and each allocation beyond it fails; elsewhere the process watches itself, and is killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { answer, type Host, type HostEvents, type Methods, type Question, Remote, type RemoteOptions, type Reply, siblingFile } from './remote.ts';

export interface ProcessOptions extends Omit<RemoteOptions, 'memoryMb'> {
  /** What runs in the process: it calls {@link answerProcessCalls}. See `siblingFile`. */
  readonly file: URL;
  /** Of all that it allocates, beside what Node.js needs to be there at all. */
  readonly memoryMb: number;
  /** Of these, for JavaScript's objects and texts. */
  readonly heapMb: number;
  /** How long it may compute in its life, so that one that nobody waits for any more comes to an end. */
  readonly cpuSeconds: number;
  /** False: it watches itself, as where no system holds the bound. */
  readonly isLimited?: boolean;
}

interface Sending {
  /** Sent beside the arguments, without another copy here; the method asks for them: see {@link takeBytes}. */
  readonly bytes?: Uint8Array;
}

/** A process that starts with the first call. */
export class Process<Of extends Methods<Of>> extends Remote<Of, Sending> {
  constructor(options: ProcessOptions) {
    super(options, (events) => startProcess(options, events));
  }
}

/** What Node.js and its libraries take beside the documents. */
const ownMb = 128;

/** Node.js comes up within a second even on a small machine. */
const longestStartMs = 60_000;

/** How much of what is written to stderr is kept, to tell how it ended. */
const keptChars = 20_000;

/**
 * The arguments are: what Node.js takes by itself if that is known, the bound, the processor's time, then the command. Code is reserved
 * in one piece that counts as data, up to 512 MB: how much of it differs between machines, so that it is measured. The kernel, where it
 * is short of memory, ends this process before any other.
 */
const script = `
base=$1; limit=$2; cpu=$3; shift 3
if [ -z "$base" ]; then base=$(NODE_CHANNEL_FD= "$1" -p '/VmData:\\s+(\\d+)/.exec(fs.readFileSync("/proc/self/status", "utf8"))[1]' 2>/dev/null); fi
if [ -n "$base" ] && ulimit -d $((base + limit)) 2>/dev/null; then memory="limited $base"; else memory=watched; fi
ulimit -t "$cpu" 2>/dev/null
echo 1000 2>/dev/null >/proc/$$/oom_score_adj
exec "$@" $memory
`;

/** Both hold until Node-RED ends: what Node.js takes by itself, in KB, and whether a process has come up below a limit at all. */
let knownBase = '';
let limitsWork = process.platform === 'linux';

type Message = Reply | { readonly started: string };

function startProcess(options: ProcessOptions, { onReply, onEnd }: HostEvents): Host<Sending> {
  const isLimited = options.isLimited ?? limitsWork;
  const child = spawnProcess(options, isLimited);
  const ready = Promise.withResolvers<void>();
  const neverUp = setTimeout(() => child.kill('SIGKILL'), longestStartMs);
  let isStarted = false;
  let said = '';
  let failure: string | undefined;
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-keptChars)));
  // A process that is gone reads nothing more: that it is gone is told by its end.
  child.stdin?.on('error', () => undefined);
  child.on('error', (error: NodeJS.ErrnoException) => (failure = error.code ?? error.name));
  child.on('message', (message: Message) => {
    if ('id' in message) return onReply(message);
    isStarted = true;
    clearTimeout(neverUp);
    ready.resolve();
    knownBase = message.started;
  });
  const gone = new Promise<void>((resolve) => child.once(child.pid === undefined ? 'error' : 'close', () => resolve()));
  void gone.then(() => {
    atExit.delete(child);
    clearTimeout(neverUp);
    if (isStarted) return onEnd(isShortOfMemory(said) ? 'out of memory' : 'unexpected');
    if (isLimited) limitsWork = false;
    onEnd({ notStarted: failure ?? child.signalCode ?? `exit code ${child.exitCode}` });
  });
  return {
    ready: ready.promise,
    post: (question, { bytes }) => {
      if (child.pid === undefined) return;
      // What cannot be sent is told by the process's end.
      child.send(question, () => undefined);
      if (bytes && bytes.length > 0) child.stdin?.write(bytes);
    },
    hold: (isBusy) => hold(child, isBusy),
    end: async () => {
      // Else Node-RED might end before it has seen the end.
      hold(child, true);
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function spawnProcess({ file, memoryMb, heapMb, cpuSeconds }: ProcessOptions, isLimited: boolean): ChildProcess {
  const command = [process.execPath, '--v8-pool-size=1', `--max-old-space-size=${heapMb}`, fileURLToPath(file), String(memoryMb + ownMb)];
  const [program = '', ...args] = isLimited ? ['/bin/sh', '-c', script, 'sh', knownBase, String((memoryMb + ownMb) * 1024), String(cpuSeconds), ...command] : [...command, 'watched'];
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe', 'ipc'], serialization: 'advanced', env: environment(), windowsHide: true });
  if (child.pid !== undefined) atExit.add(child);
  return child;
}

/** Who reads what others have written is told no secrets, and gets none of Node-RED's own options. */
function environment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'SystemRoot', 'TEMP', 'TMPDIR', 'TZ', 'LANG'].flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]] as const]));
  return { ...Object.fromEntries(kept), UV_THREADPOOL_SIZE: '1' };
}

function hold(child: ChildProcess, isBusy: boolean): void {
  const parts = [child, child.channel, child.stdin, child.stderr] as ReadonlyArray<{ ref?: () => void; unref?: () => void } | null | undefined>;
  for (const part of parts) {
    if (isBusy) part?.ref?.();
    else part?.unref?.();
  }
}

/** Of V8 where its heap is full, of what cannot be allocated beside it, and of the watch. */
function isShortOfMemory(said: string): boolean {
  return /out of memory|allocation failed|failed to allocate/i.test(said);
}

/** None is left behind when Node-RED ends. */
const atExit = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of atExit) child.kill('SIGKILL');
});

/** To be called once, in a process of {@link Process}: answers each call with the method of that name. */
export function answerProcessCalls<Of extends Methods<Of>>(methods: Of): void {
  const [memoryMb, memory, base = ''] = process.argv.slice(2);
  if (memory !== 'limited') watchMemory(Number(memoryMb));
  process.on('disconnect', () => process.exit());
  process.on('message', (question: Question) => void answer(methods, question, (reply) => process.send?.(reply)));
  process.send?.({ started: base } satisfies Message);
}

/** In a thread: the process itself may be at work for long. */
function watchMemory(memoryMb: number): void {
  const data = { maxBytes: memoryMb * 1024 ** 2, parent: process.ppid };
  new Worker(siblingFile(import.meta.url, 'memory-watch'), { workerData: data, resourceLimits: { maxOldGenerationSizeMb: 16 } }).unref();
}

/** The bytes that were sent with a call, for the method that is called: one call at a time. */
export async function takeBytes(length: number): Promise<Buffer> {
  const whole = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; ) {
    const piece = process.stdin.read(Math.min(length - at, process.stdin.readableLength)) as Buffer | null;
    if (piece) at += piece.copy(whole, at);
    else await once(process.stdin, 'readable');
  }
  return whole;
}
