import { fail, type Outcome } from '../contract/errors.ts';
import type { CliDeps, TextOutput } from './deps.ts';

export interface RecordedOutput extends TextOutput {
  text(): string;
}

export function recordOutput(options: { readonly isTTY?: boolean; readonly columns?: number } = {}): RecordedOutput {
  let all = '';
  return {
    write: (text) => {
      all += text;
    },
    isTTY: options.isTTY ?? false,
    columns: options.columns ?? null,
    text: () => all,
  };
}

function absent(what: string): Promise<Outcome<never>> {
  return Promise.resolve(fail('internal', `${what} is not part of this test`));
}

/** Dependencies that reach nothing: time stands still, nobody listens, no App can be made. Tests replace what they need. */
export function inertDeps(changes: Partial<CliDeps> = {}): CliDeps {
  const now = new Date('2026-11-22T03:00:00.000Z');
  return {
    version: '0.0.0',
    stdout: recordOutput(),
    stderr: recordOutput(),
    env: {},
    cwd: '/nonexistent',
    nodePath: '/usr/bin/node',
    binPath: '/usr/bin/genesis',
    clock: { now: () => now, sleep: () => Promise.resolve() },
    random: { bytes: (length) => Buffer.alloc(length, 7), hex: (length) => '07'.repeat(length) },
    exec: { run: () => absent('exec') },
    fetch: () => Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })),
    onInterrupt: () => () => undefined,
    serve: () => Promise.resolve(0),
    compose: () => absent('compose'),
    openBare: () => absent('openBare'),
    rebuildCatalogue: () => absent('rebuildCatalogue'),
    verifyAudit: () => absent('verifyAudit'),
    keyFingerprint: () => absent('keyFingerprint'),
    ...changes,
  };
}
