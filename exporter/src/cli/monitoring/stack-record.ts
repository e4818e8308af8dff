import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const Part = z.object({
  url: z.string(),
  /** Null where it was running before. */
  pid: z.number().nullable(),
});
const StackRecord = z.object({
  pid: z.number(),
  parts: z.record(z.string(), Part),
});

/** What a running `genesis stack` wrote down: who runs where. */
export type StackRecord = z.output<typeof StackRecord>;

/** Below the home, wherever the stack keeps its data: doctor finds it there. */
export function stackRecordFile(home: string): string {
  return join(home, 'run', 'stack.json');
}

/** Null: no stack runs on this home. A stack that was killed leaves its record behind, so its process is looked for. */
export function runningStack(home: string): StackRecord | null {
  const record = StackRecord.safeParse(readJson(stackRecordFile(home)));
  return record.success && isAlive(record.data.pid) ? record.data : null;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null; // absent or half of one: either way nothing to go by
  }
}

/** The number of a stack that was killed may be another process's by now. */
function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes('stack');
  } catch {
    return false; // there is no such process
  }
}
