/** What of the machine a server that is run here may have. Read by the runtime and by the editor. */
import { readNumber } from '../fields.ts';

export interface Bounds {
  /** As `taskset -c` takes them: `0-3,6`. */
  readonly cores?: string;
  /** 19 lets everybody else go first. */
  readonly niceness?: number;
  /** Of all its processes together. */
  readonly memoryMb?: number;
}

/** Empty fields bound nothing. */
export const boundFields = {
  niceness: { min: 0, max: 19, integer: true },
  maxMemoryMb: { min: 1, max: 100_000_000, integer: true },
} as const;

const coreList = /^\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?){0,99}$/;
/** Numbers, or names such as GPU-1a2b and MIG-…; -1 is none. */
const gpuList = /^[\w:/-]{1,60}(,[\w:/-]{1,60}){0,99}$/;

export function isCoreList(text: string): boolean {
  return coreList.test(text) && text.split(',').every((part) => isRange(part));
}

export function isGpuList(text: string): boolean {
  return gpuList.test(text);
}

/** The cores of a list. */
export function coresOf(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [from = 0, to = from] = part.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}

function isRange(part: string): boolean {
  const [from = 0, to = from] = part.split('-').map(Number);
  return from <= to;
}

/** Undefined where nothing is bounded. @throws RangeError that names the field */
export function readBounds(fields: Readonly<Record<string, unknown>>): Bounds | undefined {
  const cores = textOf(fields['cores']);
  if (cores !== '' && !isCoreList(cores)) throw new RangeError('cores must be a list such as 0-3,6.');
  const niceness = readNumber('niceness', fields['niceness'], boundFields.niceness);
  const memoryMb = readNumber('maxMemoryMb', fields['maxMemoryMb'], boundFields.maxMemoryMb);
  const bounds: Bounds = { ...(cores !== '' && { cores }), ...(niceness !== undefined && { niceness }), ...(memoryMb !== undefined && { memoryMb }) };
  return Object.keys(bounds).length > 0 ? bounds : undefined;
}

/** What NVIDIA's and AMD's libraries go by. ROCR's own variable would count within this one. @throws RangeError */
export function readGpus(given: unknown): Record<string, string> {
  const gpus = textOf(given);
  if (gpus === '') return {};
  if (!isGpuList(gpus)) throw new RangeError('gpus must be a list such as 0,1.');
  return { CUDA_VISIBLE_DEVICES: gpus, HIP_VISIBLE_DEVICES: gpus };
}

/** Blanks within a list mean nothing. */
function textOf(given: unknown): string {
  return typeof given === 'string' || typeof given === 'number' ? String(given).replaceAll(' ', '') : '';
}
