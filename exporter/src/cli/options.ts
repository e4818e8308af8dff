import { InvalidArgumentError, type Command } from 'commander';
import { parseDuration } from '../config/units.ts';
import type { Outcome } from '../contract/errors.ts';
import type { CommandContext } from './context.ts';
import type { WaitOptions } from './wait.ts';

/** What a command does. Expected failures come back as values; the program prints them and picks the exit code. */
export type Handler = (context: CommandContext, command: Command) => Promise<Outcome<number>>;

/** Turns a handler into a commander action. */
export type Runner = (handler: Handler) => (...received: unknown[]) => Promise<void>;

/** One file of this folder exports one of these; program.ts lists them. */
export type Register = (program: Command, run: Runner) => void;

/** `90s`, `2h` to seconds. */
export function durationOption(text: string): number {
  const seconds = parseDuration(text);
  if (seconds === null || seconds <= 0)
    throw new InvalidArgumentError('Write a number and a unit, e.g. 30s, 5m, 4h, 30d.');
  return seconds;
}

export function countOption(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError('Write a whole number, 1 or more.');
  return count;
}

/** ISO 8601 (a date alone is its midnight, UTC) to a moment as text. */
export function timeOption(text: string): string {
  const zoned =
    /(Z|[+-]\d\d:?\d\d)$/.test(text) || /^\d{4}-\d\d-\d\d$/.test(text) ? text : `${text.replace(' ', 'T')}Z`;
  const at = new Date(zoned);
  if (Number.isNaN(at.getTime()))
    throw new InvalidArgumentError('Write e.g. 2026-11-22T02:00:00Z; without a zone it is UTC.');
  return at.toISOString();
}

export function secretRefOption(text: string): string {
  if (!/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/.test(text)) {
    throw new InvalidArgumentError(
      'Write env:NAME or file:PATH, never the key itself: other users see the arguments of a process.',
    );
  }
  return text;
}

/** For options that may be given several times. */
export function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

/** --dry-run, --wait/--no-wait, --timeout and so on; with `destructive` also --confirm and --reason. */
export function withWaitOptions(command: Command, kind: 'plain' | 'destructive'): Command {
  command
    .option('--dry-run', 'show the plan and what stands in its way; do nothing')
    .option('--wait', 'wait for the end and show progress (default)', true)
    .option('--no-wait', 'return as soon as the server has taken it')
    .option('--timeout <duration>', 'stop waiting after this long, e.g. 10m', durationOption)
    .option('--cancel-on-interrupt', 'Ctrl-C cancels the operation instead of only leaving it')
    .option('--idempotency-key <key>', 'a repeat with the same key is the same operation');
  if (kind === 'destructive') {
    command
      .option('--confirm <service>', 'name of the service, typed out: needed where data is replaced or deleted')
      .option('--reason <text>', 'why; goes into the audit log');
  }
  return command;
}

export function waitOptionsOf(command: Command): WaitOptions {
  const options = command.opts<{
    wait: boolean;
    timeout?: number;
    dryRun?: boolean;
    cancelOnInterrupt?: boolean;
    reason?: string;
    confirm?: string;
    idempotencyKey?: string;
  }>();
  return {
    wait: options.wait,
    timeout: options.timeout ?? null,
    dryRun: options.dryRun === true,
    cancelOnInterrupt: options.cancelOnInterrupt === true,
    reason: options.reason ?? null,
    confirm: options.confirm ?? null,
    idempotencyKey: options.idempotencyKey ?? null,
  };
}

/** --limit and --cursor of every listing. */
export function withPaging(command: Command): Command {
  return command
    .option('--limit <n>', 'rows at most', countOption, 50)
    .option('--cursor <cursor>', 'go on where the page before ended');
}

/** The given options without those that are absent (exact optional properties). */
export function present<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

/** What follows a page that has a next one. */
export function nextLine(next: string | null): string {
  return next === null ? '' : `more: --cursor ${next}\n`;
}
