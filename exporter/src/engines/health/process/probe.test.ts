import { spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { probeNow } from '../testing.ts';
import { judgeProcess, parsePid } from './probe.ts';
import { isCalled, parseBootMs, parseRssBytes, parseStat, readBootMs, readProcess, type ProcessFacts } from './proc.ts';

const folder = mkdtempSync(join(tmpdir(), 'genesis-test-'));
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function started(file: string, args: readonly string[]): Promise<ChildProcess & { readonly pid: number }> {
  const child = spawn(file, args, { stdio: 'ignore' });
  children.push(child);
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  return child as ChildProcess & { readonly pid: number };
}
const ended = async (child: ChildProcess): Promise<void> => {
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
};
const check = (change: { pidFile?: string; command?: string; maxRssBytes?: number }) =>
  ({ kind: 'process', pidFile: null, command: null, maxRssBytes: null, ...change }) as const;

describe('what /proc says', () => {
  // Recorded from Linux 5.10 and cut after the fields that are read.
  const recorded =
    '4711 (tmux: server (a) b) S 1 4711 4711 0 -1 4194368 2310 158 0 0 27 6 0 0 20 0 1 0 1876543 12345344 1230 18446744073709551615';

  it('is read also of a name with blanks and brackets', () => {
    expect(parseStat(recorded)).toEqual({
      ...{ command: 'tmux: server (a) b', state: 'S', startTicks: 1_876_543 },
      processorSeconds: 0.33,
    });
    expect(parseStat('nonsense')).toBeNull();
  });

  it('tells the start of the machine and the resident memory', () => {
    expect(parseBootMs('cpu  1 2 3\nbtime 1763700000\nprocesses 5\n')).toBe(1_763_700_000_000);
    expect(parseBootMs('cpu  1 2 3\n')).toBeNull();
    expect(parseRssBytes('Name:\tpostgres\nVmRSS:\t   30720 kB\n')).toBe(31_457_280);
    expect(parseRssBytes('Name:\tkthreadd\n')).toBeNull();
  });

  it('gives this process its own start and size', async () => {
    const bootMs = (await readBootMs()) ?? Number.NaN;
    const facts = await readProcess(process.pid, bootMs);

    const sinceMs = Date.now() - process.uptime() * 1000;
    expect(Math.abs((facts?.startedMs ?? 0) - sinceMs)).toBeLessThan(5000);
    expect(facts?.rssBytes).toBeGreaterThan(10_000_000);
    expect(await readProcess(4_194_305, bootMs)).toBeNull();
  });
});

it.each([
  ['postgres', 'postgres', 'postgres', true],
  ['postgres', 'postgres', 'postgres: checkpointer ', true],
  ['redis-server', 'redis-server', 'redis-server', true],
  ['node', 'MainThread', 'node', true],
  ['MainThread', 'MainThread', 'node', true],
  ['a-very-long-program', 'a-very-long-pro', 'a-very-long-program', true],
  ['a-very-long-program', 'a-very-long-pro', 'a-very-long-prose', false],
  ['a-very-long-program', 'a-very-long-pro', null, true],
  ['kthreadd', 'kthreadd', null, true],
  ['post', 'postgres', 'postgres', false],
])('finds %s in a process that the kernel calls %s and that was started as %s: %s', (name, command, program, found) => {
  expect(isCalled({ command, program }, name)).toBe(found);
});

it.each([
  ['4711\n', 4711],
  ['4711\n/var/lib/postgresql/data\n1763700000\n', 4711],
  ['  12  ', 12],
  ['', null],
  ['0\n', null],
  ['-1\n', null],
  ['4711 4712', null],
  ['99999999999', null],
])('reads the first line %j of a pid file as %s', (text, pid) => {
  expect(parsePid(text)).toBe(pid);
});

describe('a pid file and the process of its number', () => {
  const facts: ProcessFacts = {
    pid: 7,
    command: 'shop',
    program: 'shop',
    startedMs: 1_000_000,
    rssBytes: 2 ** 20,
    zombie: false,
  };
  const judge = (change: Partial<ProcessFacts> | null, writtenMs = 1_000_100, command: string | null = null) =>
    judgeProcess(
      { command, maxRssBytes: 2 ** 21 },
      { path: '/run/shop.pid', pid: 7, writtenMs, facts: change === null ? null : { ...facts, ...change } },
    );

  it('are healthy together', () => {
    expect(judge({})).toEqual({ state: 'healthy', answered: true, detail: 'shop: process 7, 1.0 MiB resident' });
    expect(judge({}, 999_000, 'shop').state).toBe('healthy');
  });

  it('are unhealthy when the process is gone, a zombie, or another program', () => {
    expect(judge(null).detail).toBe('process 7 of /run/shop.pid does not run');
    expect(judge({ zombie: true }).state).toBe('unhealthy');
    expect(judge({ command: 'cron', program: 'cron' }, 1_000_100, 'shop')).toMatchObject({
      state: 'unhealthy',
      detail: 'process 7 of /run/shop.pid is cron, not shop',
    });
  });

  it('are unhealthy when the number was given to a process that began later', () => {
    expect(judge({ startedMs: 2_000_000 })).toEqual({
      state: 'unhealthy',
      answered: false,
      detail: 'process 7 began after /run/shop.pid was written: another one has its number',
    });
  });

  it('are an error where a bound on memory is set and the memory cannot be read', () => {
    expect(judge({ rssBytes: null }).state).toBe('error');
  });

  it('are degraded above the allowed memory', () => {
    expect(judge({ rssBytes: 2 ** 22 })).toMatchObject({
      state: 'degraded',
      detail: 'shop: process 7, 4.0 MiB resident, more than 2.0 MiB',
    });
  });
});

describe('a process check', () => {
  it('follows a real process by its file', async () => {
    const pidFile = join(folder, 'sleep.pid');
    const child = await started('sleep', ['60']);
    writeFileSync(pidFile, `${child.pid}\n`);

    const up = await probeNow(check({ pidFile }));
    await ended(child);
    const down = await probeNow(check({ pidFile }));

    expect(up).toMatchObject({ state: 'healthy', detail: expect.stringContaining(`sleep: process ${child.pid}, `) });
    expect(down).toMatchObject({ state: 'unhealthy', detail: `process ${child.pid} of ${pidFile} does not run` });
  });

  it('does not take another process for the one whose number it has', async () => {
    const pidFile = join(folder, 'old.pid');
    const child = await started('sleep', ['60']);
    writeFileSync(pidFile, `${child.pid}\n`);
    const hourAgo = Date.now() / 1000 - 3600;
    utimesSync(pidFile, hourAgo, hourAgo);

    expect(await probeNow(check({ pidFile }))).toMatchObject({
      state: 'unhealthy',
      detail: expect.stringContaining('another one has its number'),
    });
    await ended(child);
  });

  it('finds a program by its name, and its largest process', async () => {
    const command = 'genesis-probe-me';
    copyFileSync('/bin/sleep', join(folder, command));
    const both = [await started(join(folder, command), ['60']), await started(join(folder, command), ['60'])];

    const up = await probeNow(check({ command }));
    for (const child of both) await ended(child);
    const down = await probeNow(check({ command }));

    expect(up).toMatchObject({ state: 'healthy', detail: expect.stringContaining(`${command}: 2 processes`) });
    expect(down).toMatchObject({ state: 'unhealthy', detail: `no process is called ${command}` });
  });

  it('is unhealthy without its file or with one that holds no number, and an error where it may not be read', async () => {
    const empty = join(folder, 'empty.pid');
    writeFileSync(empty, '\n');

    const seen = await Promise.all([
      probeNow(check({ pidFile: join(folder, 'none.pid') })),
      probeNow(check({ pidFile: empty })),
      probeNow(check({ pidFile: folder })),
      probeNow(check({})),
    ]);

    expect(seen.map(({ state }) => state)).toEqual(['unhealthy', 'unhealthy', 'error', 'error']);
  });
});
