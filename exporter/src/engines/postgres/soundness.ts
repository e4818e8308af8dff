import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { EngineDeps } from '../backup/port.ts';
import type { PostgresServer, UnixUser } from '../postgres-target.ts';
import { launcherOf } from './isolation.ts';
import { findLauncherTools } from './launcher.ts';

/** Level 3: whether the pages carry their checksums and the tables and indexes agree with each other. */

export interface Soundness {
  readonly sound: boolean;
  /** In words, with figures. */
  readonly detail: string;
}

export interface ToolInput {
  readonly bin: string;
  readonly runAs: UnixUser | null;
  readonly signal: AbortSignal;
}

/** A day: they are ended by the operation's signal, not by this. */
const toolTimeoutMs = 86_400_000;
/** Findings that are kept; damage repeats itself. */
const maxFindings = 10;

async function runNicely(
  deps: EngineDeps,
  input: ToolInput,
  name: string,
  args: readonly string[],
  o: { readonly env?: Readonly<Record<string, string>>; readonly onLine?: (line: string) => void } = {},
): ReturnType<EngineDeps['exec']['run']> {
  const file = join(input.bin, name);
  const there = await access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!there) return fail('program_missing', `${file} is missing: install PostgreSQL with its contrib programs`);
  const tools = await findLauncherTools(deps, input.runAs, input.signal);
  const { argv, runAs } = launcherOf(tools, { ownNetwork: false, runAs: input.runAs });
  const [first = file, ...rest] = [...argv, file, ...args];
  return deps.exec.run(first, rest, {
    timeoutMs: toolTimeoutMs,
    signal: input.signal,
    ...(runAs === null ? {} : { runAs }),
    ...o,
  });
}

/** Reads every page of a cleanly stopped cluster. Errors: what kept the program from running. */
export async function checkChecksums(deps: EngineDeps, input: ToolInput, data: string): Promise<Outcome<Soundness>> {
  const run = await runNicely(deps, input, 'pg_checksums', ['--check', '-D', data]);
  return run.ok ? ok(judgeChecksums(run.value)) : run;
}

interface Printed {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Sound only when the program says how much it read, that none was bad, and nothing else. Pure. */
export function judgeChecksums(printed: Printed): Soundness {
  const figure = (name: string): number | null => {
    const text = new RegExp(`^${name}:\\s+(\\d+)$`, 'm').exec(printed.stdout)?.[1];
    return text === undefined ? null : Number(text);
  };
  const [blocks, bad] = [figure('Blocks scanned'), figure('Bad checksums')];
  const complaints = printed.stderr.split('\n').filter((line) => line.trim() !== '');
  if (printed.exitCode === 0 && bad === 0 && blocks !== null && blocks > 0 && complaints.length === 0)
    return { sound: true, detail: `page checksums: ${blocks} pages read, none bad` };
  const figures = bad === null ? 'not read to the end' : `${bad} of ${blocks ?? '?'} pages bad`;
  return {
    sound: false,
    detail: `page checksums: ${figures}; ${firstOf(complaints, 'pg_checksums failed without a word')}`,
  };
}

/**
 * pg_amcheck over every database, with the heap compared to each index. It makes its extension in them. Errors: what kept the program
 * from running; `program_missing`: the extension is not installed.
 */
export async function checkRelations(
  deps: EngineDeps,
  input: ToolInput,
  server: PostgresServer,
  databases: readonly string[],
): Promise<Outcome<Soundness>> {
  const findings: string[] = [];
  const args = [
    `--host=${server.host}`,
    `--port=${server.port}`,
    `--username=${server.user}`,
    '--no-password',
    '--all',
    `--maintenance-db=${databases.includes('postgres') ? 'postgres' : (databases[0] ?? 'postgres')}`,
    '--install-missing',
    '--heapallindexed',
    '--parent-check',
    '--jobs=2',
    '--progress',
  ];
  const run = await runNicely(deps, input, 'pg_amcheck', args, {
    env: {
      // These win over what the restored roles and databases may have been given.
      PGOPTIONS: '-c statement_timeout=0 -c lock_timeout=0 -c session_preload_libraries= -c local_preload_libraries=',
      PGAPPNAME: 'genesis-drill',
      PGCONNECT_TIMEOUT: '30',
    },
    onLine: (line) => {
      if (findings.length < maxFindings && line.trim() !== '') findings.push(line.trim());
    },
  });
  if (!run.ok) return run;
  if (/could not open extension control file/.test(run.value.stderr))
    return fail('program_missing', 'the extension amcheck is not installed: install the contrib package of PostgreSQL');
  return ok(judgeAmcheck(run.value, findings));
}

/** Pure. Sound only when it counted relations, got through all of them, found nothing and complained of nothing. */
export function judgeAmcheck(printed: Printed, findings: readonly string[]): Soundness {
  const progress = [...printed.stderr.matchAll(/(\d+)\/(\d+) relations \(\s*\d+%\),?\s+(\d+)\/(\d+) pages/g)].at(-1);
  const complaints = printed.stderr.split('\n').filter((line) => /(error|warning|fatal|panic):/i.test(line));
  const [done, all, pages] = [progress?.[1], progress?.[2], progress?.[3]];
  const complete = done !== undefined && done === all && Number(all) > 0;
  if (printed.exitCode === 0 && complete && findings.length === 0 && complaints.length === 0)
    return { sound: true, detail: `tables and indexes: ${all} relations of ${pages} pages agree` };
  const figures = done === undefined ? '' : `${done} of ${all} relations checked; `;
  const said = [...findings, ...complaints];
  return {
    sound: false,
    detail: `tables and indexes: ${figures}${firstOf(said, `pg_amcheck ended with ${printed.exitCode}`)}`,
  };
}

function firstOf(lines: readonly string[], otherwise: string): string {
  if (lines.length === 0) return otherwise;
  const shown = lines.slice(0, 4).join(' | ').slice(0, 1000);
  return lines.length > 4
    ? `${shown} … (${lines.length}${lines.length >= maxFindings ? ' or more' : ''} lines)`
    : shown;
}
