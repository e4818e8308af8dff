import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { FailoverNode } from '../port.ts';
import { runCommand } from './command.ts';
import { exists, keepFromWriting, lastWords, runProgram, textOf } from './local.ts';
import { probeNode } from './probe.ts';
import { isZombie, lookForServers } from './sight.ts';
import { timeoutMsOf, until, type Work } from './work.ts';

/** Starting a server whose folder stands on this machine, always as a standby. */

/** In the data folder: what the server says until its own log runs. */
const logName = 'genesis-start.log';

/**
 * Starts it as its service manager would (`commands.start`) or as it was started last, and waits until it answers as a standby. Errors:
 * `failover_failed` with its last words, those of Exec.
 */
export async function startServer(work: Work, node: FailoverNode, data: string): Promise<Outcome<void>> {
  await keepFromWriting(data);
  const cleared = await clearStaleLock(work, data);
  if (!cleared.ok) return cleared;
  const started =
    node.commands.start === null ? await byPgCtl(work, data, []) : await byCommand(work, node, node.commands.start);
  if (!started.ok) return started;
  return until<void>(
    work,
    { what: `starting ${node.name}`, timeoutMs: timeoutMsOf(work), everyMs: 20 },
    async (say) => {
      const probe = await probeNode(work.deps, work.cluster, node, work.context.signal);
      say(probe.problem ?? `it is a ${probe.role}`);
      if (probe.role === 'standby') return ok(undefined);
      if (probe.role === 'primary') return fail('failover_failed', `${node.name} came up as a primary`);
      const sight = await lookForServers(data);
      if (node.commands.start === null && sight?.processes.length === 0)
        return fail('failover_failed', `${node.name} has ended again: ${await logTail(data)}`);
      return ok(null);
    },
  );
}

/** Nothing of it goes to the archive, and no log goes: pg_rewind reads it from before the fork. */
export const quietOptions = ['-c', 'archive_mode=off', '-c', 'wal_keep_size=1TB'] as const;

/** Options of a start that no client finds, and that asks neither an archive nor a primary for more than the folder has. */
export function apartOptions(folder: string, port: number): readonly string[] {
  return [
    ...['-c', 'listen_addresses='],
    ...['-c', `unix_socket_directories=${folder}`],
    ...['-c', `hba_file=${folder}/hba.conf`],
    ...['-c', `port=${port}`],
    ...quietOptions,
    ...['-c', 'restore_command='],
    ...['-c', 'primary_conninfo='],
    ...['-c', 'hot_standby=on'],
  ];
}

/** Always as a standby; whoever called stops it. */
export async function startApart(work: Work, data: string, options: readonly string[]): Promise<Outcome<void>> {
  await keepFromWriting(data);
  const cleared = await clearStaleLock(work, data);
  return cleared.ok ? byPgCtl(work, data, options) : cleared;
}

async function byCommand(work: Work, node: FailoverNode, command: readonly string[]): Promise<Outcome<void>> {
  const run = await runCommand(work, node, command);
  if (!run.ok) return run;
  work.context.note(`start command of ${node.name}: ${run.value.said}`);
  return ok(undefined);
}

async function byPgCtl(work: Work, data: string, extra: readonly string[]): Promise<Outcome<void>> {
  const options = [...(await optionsOf(data)), ...extra];
  const seconds = Math.max(1, Math.ceil(work.cluster.timeoutSeconds));
  const log = join(data, logName);
  await rm(log, { force: true });
  const args = ['start', '-D', data, '-w', '-t', String(seconds), '-s', '-l', log];
  // pg_ctl hands these to a shell of its own.
  const quoted = options.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
  const run = await runProgram(work, data, 'pg_ctl', quoted === '' ? args : [...args, '-o', quoted], {
    timeoutMs: timeoutMsOf(work) + 5000,
  });
  if (!run.ok) return run;
  if (run.value.exitCode === 0) return ok(undefined);
  const sight = await lookForServers(data);
  if (sight !== null && sight.processes.length > 0) return ok(undefined); // slow, and alive: whoever waits sees more
  return fail('failover_failed', `the server of ${data} did not start: ${await logTail(data)} ${lastWords(run.value)}`);
}

async function logTail(data: string): Promise<string> {
  const text = await readFile(join(data, logName), 'utf8').catch(() => '');
  const told = text.split('\n').filter((line) => / (FATAL|PANIC|ERROR): /.test(line));
  return (told.at(-1) ?? text.trim().split('\n').at(-1) ?? '').slice(0, 300);
}

export async function optionsOf(data: string): Promise<readonly string[]> {
  return lastOptions((await textOf(join(data, 'postmaster.opts'))) ?? '');
}

/** Arguments of the last start, without the folder. Pure. `/usr/…/postgres "-D" "/data" "-c" "config_file=/etc/…"` */
export function lastOptions(text: string): readonly string[] {
  const words = [...(text.split('\n')[0] ?? '').matchAll(/"([^"]*)"/g)].map((match) => match[1] ?? '');
  const at = words.indexOf('-D');
  const options = at < 0 ? words : words.toSpliced(at, 2);
  const apart = options.indexOf('listen_addresses=');
  // Those of a start apart that was broken off begin here and are not its own.
  return apart < 1 ? options : options.slice(0, apart - 1);
}

/** A postmaster that nobody has buried looks alive to PostgreSQL, which then refuses to start. */
async function clearStaleLock(work: Work, data: string): Promise<Outcome<void>> {
  const file = join(data, 'postmaster.pid');
  if (!exists(file)) return ok(undefined);
  const sight = await lookForServers(data);
  if (sight === null || sight.processes.length > 0 || sight.hidden.length > 0)
    return fail('failover_failed', `a server may still run on ${data}: it is not started`);
  const [first = '', , , port = '', sockets = ''] = ((await textOf(file)) ?? '').split('\n');
  if (!(await isZombie(Number(first)))) return ok(undefined);
  work.context.note(`the lock of the dead postmaster ${first} was removed: its parent never noticed its end`);
  const lock = join(sockets, `.s.PGSQL.${port}.lock`);
  if (sockets !== '' && (await textOf(lock))?.split('\n')[0] === first) await rm(lock, { force: true });
  await rm(file, { force: true });
  return ok(undefined);
}
