import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Diagnosis } from '../src/cli/monitoring/judge.ts';
import type { StackRecord } from '../src/cli/monitoring/stack-record.ts';
import { genesisCommand, startGenesis, writeConfig } from './support/genesis.ts';
import {
  checkout,
  cleanUp,
  run,
  startProcess,
  tempFolder,
  waitUntil,
  type RunningProcess,
} from './support/processes.ts';

const main = path.join(checkout, 'exporter/src/main.ts');
const parts = ['genesis', 'alertmanager', 'prometheus'] as const;

afterAll(cleanUp, 60_000);

/** A home with one small service and seconds where the defaults are minutes. */
function makeHome(change: Readonly<Record<string, unknown>> = {}): string {
  const home = tempFolder('genesis-stack-home-');
  const data = path.join(tempFolder('genesis-stack-data-'), 'shop');
  mkdirSync(data);
  writeFileSync(path.join(data, 'order.json'), '{"order": 1}');
  writeConfig(home, {
    cluster: 'e2e',
    services: [{ name: 'shop', backup: { components: { data: { paths: [data] } } }, drills: { schedule: null } }],
    collectors: { dr_interval: '1s', scrape_interval: '1s' },
    rules: { evaluation_interval: '1s' },
    ...change,
  });
  return home;
}

interface Stack {
  readonly home: string;
  readonly process: RunningProcess;
  readonly record: StackRecord;
}

async function startStack(
  home: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Stack> {
  const stack = await startProcess({
    name: 'genesis stack',
    file: process.execPath,
    args: [
      main,
      'stack',
      '--listen',
      '127.0.0.1:0',
      '--prometheus',
      '127.0.0.1:0',
      '--alertmanager',
      '127.0.0.1:0',
      ...args,
    ],
    cwd: home,
    env: { GENESIS_HOME: home, ...env },
  });
  // The addresses are printed when all are ready.
  const ready = () => stack.output().includes('Ctrl-C stops all');
  await waitUntil('the stack is ready', ready, { processes: [stack], deadlineMs: 120_000 });
  return { home, process: stack, record: recordOf(home) };
}

function recordOf(home: string): StackRecord {
  return JSON.parse(readFileSync(path.join(home, 'run/stack.json'), 'utf8')) as StackRecord;
}

const pidOf = ({ record }: Stack, part: string): number => record.parts[part]?.pid ?? NaN;
const urlOf = ({ record }: Stack, part: string): string => record.parts[part]?.url ?? '';

/** A zombie has ended: whoever started it just did not look yet. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false; // there is no such process
  }
}

interface Doctored {
  readonly exitCode: number | null;
  readonly diagnosis: Diagnosis;
  /** `result: said` by check. */
  said(id: string): string;
}

async function doctor(home: string): Promise<Doctored> {
  const { exitCode, output } = await genesisCommand(home, ['doctor', '--json']);
  const diagnosis = JSON.parse(output) as Diagnosis;
  return {
    exitCode,
    diagnosis,
    said: (id) => {
      const finding = diagnosis.findings.find((one) => one.id === id);
      return `${finding?.result}: ${finding?.said}`;
    },
  };
}

function isWell({ diagnosis }: Doctored): boolean {
  return diagnosis.findings.every((finding) => finding.result === 'ok');
}

describe('genesis stack with the real Prometheus and Alertmanager', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack(makeHome());
  }, 150_000);

  const watched = () => ({ processes: [stack.process] });
  const api = async <T>(url: string): Promise<T> => (await (await fetch(url)).json()) as T;

  it('prints every address once, and says that there is no Grafana where there is none', () => {
    const output = stack.process.output();

    for (const part of parts)
      expect(output.split(`${urlOf(stack, part)} `).length + output.split(`${urlOf(stack, part)}\n`).length).toBe(3);
    expect(output).toMatch(/grafana +http|grafana-server or grafana is not on the PATH/);
  });

  it('keeps its folder from others and leaves nothing of an earlier run in it', () => {
    const folder = path.join(stack.home, 'stack');

    expect((statSync(folder).mode & 0o777).toString(8)).toBe('700');
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['generated', 'logs', 'prometheus', 'alertmanager']));
  });

  it('has its target scraped, its rules evaluated and the Watchdog in Alertmanager', async () => {
    const up = `${urlOf(stack, 'prometheus')}/api/v1/query?query=${encodeURIComponent('up{job="genesis_dr"} == 1')}`;
    await waitUntil(
      'genesis is scraped',
      async () => (await api<{ data: { result: unknown[] } }>(up)).data.result.length === 1,
      watched(),
    );
    // Prometheus drops what fires before it knows Alertmanager, and repeats it after a minute.
    const alerts = `${urlOf(stack, 'alertmanager')}/api/v2/alerts?filter=alertname%3D%22GenesisDRWatchdog%22`;
    await waitUntil('the Watchdog arrives', async () => (await api<unknown[]>(alerts)).length === 1, {
      ...watched(),
      deadlineMs: 120_000,
    });
  }, 150_000);

  it('is found well by genesis doctor, without being told where anything is', async () => {
    const last = await waitUntil(
      'doctor finds nothing wrong',
      async () => {
        const found = await doctor(stack.home);
        return isWell(found) ? found : Promise.reject(new Error(JSON.stringify(found.diagnosis, null, 1)));
      },
      { ...watched(), deadlineMs: 90_000, intervalMs: 2_000 },
    );

    expect(last.exitCode).toBe(0);
    expect(last.diagnosis.counts).toMatchObject({ warn: 0, fail: 0, unknown: 0 });
    expect(await genesisCommand(stack.home, ['doctor', '--quiet'])).toEqual({ exitCode: 0, output: '' });
  }, 150_000);

  it('refuses a second stack on the same home', async () => {
    const second = await genesisCommand(stack.home, ['stack']);

    expect(second).toMatchObject({ exitCode: 2, output: expect.stringMatching(/already runs on the home/) });
  });

  it('lets doctor name rules that are not the generated ones, or are gone', async () => {
    const file = path.join(stack.home, 'stack/generated/rules/generated/dr_alerts.yml');
    const good = readFileSync(file, 'utf8');
    const reload = async (content: string, until: RegExp): Promise<Doctored> => {
      writeFileSync(file, content);
      process.kill(pidOf(stack, 'prometheus'), 'SIGHUP');
      return waitUntil(
        `doctor says ${until}`,
        async () => {
          const found = await doctor(stack.home);
          return until.test(found.said('rules_loaded')) ? found : Promise.reject(new Error(found.said('rules_loaded')));
        },
        { ...watched(), deadlineMs: 30_000 },
      );
    };

    const changed = await reload(
      good.replace('expr: vector(1)', 'expr: vector(2)'),
      /^fail: differing: GenesisDRWatchdog \(expr\)$/,
    );
    expect(changed.exitCode).toBe(1);
    await reload(
      good.replaceAll('alert: BackupTooOld', 'alert: Elsewhere'),
      /^fail: missing: BackupTooOld; .*Elsewhere$/,
    );
    await reload(good, /^ok: /);
  }, 120_000);

  it('lets doctor name a configuration that Prometheus could not read', async () => {
    const file = path.join(stack.home, 'stack/generated/provisioning/generated/prometheus.yml');
    const good = readFileSync(file, 'utf8');
    const reloadUntil = async (content: string, until: RegExp): Promise<void> => {
      writeFileSync(file, content);
      process.kill(pidOf(stack, 'prometheus'), 'SIGHUP');
      const says = async () => until.test((await doctor(stack.home)).said('prometheus_reachable'));
      await waitUntil(`doctor says ${until}`, says, watched());
    };

    await reloadUntil('no: yaml: at: all', /^fail: .*the old one is in force/);
    await reloadUntil(good, /^ok: /);
  }, 90_000);

  it('tells with its last lines of one that dies, goes on with the others, and doctor names it', async () => {
    process.kill(pidOf(stack, 'alertmanager'), 'SIGKILL');
    const told = () => stack.process.output().includes('alertmanager was ended by SIGKILL; its last lines');
    await waitUntil('the stack tells of it', told, watched());

    const found = await doctor(stack.home);

    expect(found.exitCode).toBe(1);
    expect(found.said('alertmanager_reachable')).toMatch(/^fail: .*ECONNREFUSED/);
    expect(found.said('watchdog_arrives')).toMatch(/^unknown: could not be read/);
    expect(found.said('scraped')).toMatch(/^ok: /);
    const quiet = await genesisCommand(stack.home, ['doctor', '--quiet']);
    expect(quiet.exitCode).toBe(1);
    expect(quiet.output).toMatch(/^fail +Alertmanager answers\? /m);
    expect(quiet.output).not.toMatch(/^ok /m);
  }, 60_000);

  it('lets doctor name a dead exporter', async () => {
    process.kill(pidOf(stack, 'genesis'), 'SIGKILL');
    const found = await waitUntil('Prometheus has seen it', async () => {
      const now = await doctor(stack.home);
      return now.said('scraped').startsWith('fail') ? now : undefined;
    });

    expect(found.said('exporter_reachable')).toMatch(/^fail: /);
    expect(found.said('scraped')).toMatch(/^fail: down: .*connection refused/);
  }, 60_000);

  it('stops within ten seconds, leaves nothing running, and ends with 1 because something had died', async () => {
    const begin = performance.now();

    expect(await stack.process.stop('SIGTERM', 30_000)).toBe(1);

    expect(performance.now() - begin).toBeLessThan(10_000);
    expect(parts.filter((part) => isRunning(pidOf(stack, part)))).toEqual([]);
    expect(existsSync(path.join(stack.home, 'run/stack.json'))).toBe(false);
  }, 60_000);
});

describe('genesis stack beside a server that runs already', () => {
  it('uses it, and lets it run at the end', async () => {
    const genesis = await startGenesis({ home: makeHome() });
    const stack = await startStack(genesis.home);

    expect(urlOf(stack, 'genesis')).toBe(genesis.url);
    expect(pidOf(stack, 'genesis')).toBeNaN();
    expect(await stack.process.stop('SIGINT', 30_000)).toBe(0);
    expect(genesis.process.running()).toBe(true);
    expect(isRunning(pidOf(stack, 'prometheus'))).toBe(false);
    await genesis.stop();
  }, 180_000);
});

/**
 * What a Grafana does with what it is given, as far as stack and doctor see it: reads the provisioned folder, answers when it is ready,
 * and lists what it found. No real Grafana can be had from Debian.
 */
const standInForGrafana = `
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
const { GF_PATHS_PROVISIONING: provisioning, GF_SERVER_HTTP_ADDR: host, GF_SERVER_HTTP_PORT: port } = process.env;
const folder = /path: (\\S+)/.exec(readFileSync(provisioning + '/dashboards/genesis.yaml', 'utf8'))[1];
const source = /url: (\\S+)/.exec(readFileSync(provisioning + '/datasources/genesis.yaml', 'utf8'))[1];
const boards = readdirSync(folder).map((name) => JSON.parse(readFileSync(folder + '/' + name, 'utf8')));
if (!existsSync(process.env.GF_SECURITY_ADMIN_PASSWORD__FILE)) throw new Error('no password');
const found = boards.map(({ uid, title }) => ({ uid, title }));
createServer((request, reply) => reply.end(JSON.stringify(request.url.startsWith('/api/search') ? found : { source })))
  .listen(Number(port), host);
`;

describe('genesis stack where there is a Grafana', () => {
  it('gives it the data source and the dashboards, and doctor looks for them', async () => {
    const bin = tempFolder('genesis-bin-');
    const code = path.join(bin, 'stand-in.mjs');
    writeFileSync(code, standInForGrafana);
    writeFileSync(path.join(bin, 'grafana-server'), `#!/bin/sh\nexec '${process.execPath}' '${code}'\n`, {
      mode: 0o755,
    });
    const stack = await startStack(makeHome(), [], { PATH: `${bin}:${process.env['PATH']}` });

    const health = (await (await fetch(`${urlOf(stack, 'grafana')}/api/health`)).json()) as { source: string };
    const found = await doctor(stack.home);

    expect(health.source).toBe(urlOf(stack, 'prometheus'));
    expect(found.said('dashboards_present')).toMatch(/^ok: \d+ dashboards$/);
    expect(stack.process.output()).not.toContain('not on the PATH');
    expect(await stack.process.stop('SIGTERM', 30_000)).toBe(0);
    expect(isRunning(pidOf(stack, 'grafana'))).toBe(false);
  }, 180_000);
});

describe('genesis stack that cannot start', () => {
  const failing = (args: readonly string[], env: Readonly<Record<string, string>> = {}, home = makeHome()) =>
    genesisCommand(home, ['stack', '--listen', '127.0.0.1:0', ...args], { env, deadlineMs: 60_000 });

  it('names the Debian package of what is not installed', async () => {
    const ended = await failing([], { PATH: '/nonexistent' });

    expect(ended.exitCode).toBe(1);
    expect(ended.output).toMatch(/apt-get install prometheus\).*apt-get install prometheus-alertmanager\)/);
  });

  it('listens on loopback only', async () => {
    expect(await failing(['--prometheus', '0.0.0.0:0'])).toMatchObject({
      exitCode: 2,
      output: expect.stringMatching(/beyond loopback/),
    });
  });

  it('touches no folder that holds something else', async () => {
    const folder = tempFolder('genesis-elsewhere-');
    mkdirSync(path.join(folder, 'generated'));
    writeFileSync(path.join(folder, 'generated', 'precious'), 'mine');

    const ended = await failing(['--dir', folder]);

    expect(ended).toMatchObject({ exitCode: 4, output: expect.stringMatching(/holds something else/) });
    expect(readFileSync(path.join(folder, 'generated', 'precious'), 'utf8')).toBe('mine');
  });

  it('shows the last lines of a product that refuses its files, and stops what it started', async () => {
    const home = makeHome();
    // A file where Prometheus wants to make its data folder.
    mkdirSync(path.join(home, 'stack'), { recursive: true });
    writeFileSync(path.join(home, 'stack/.genesis-stack'), '');
    writeFileSync(path.join(home, 'stack/prometheus'), 'no folder');

    const ended = await failing([], {}, home);

    expect(ended.exitCode).toBe(1);
    expect(ended.output).toMatch(/prometheus ended with exit code \d+; its last lines .*\n[^]*not a directory/);
    expect(existsSync(path.join(home, 'run/address'))).toBe(false);
  }, 90_000);
});

describe('genesis stack that is killed', () => {
  it('takes what it started with it', async () => {
    const stack = await startStack(makeHome());
    const pids = parts.map((part) => pidOf(stack, part));

    await stack.process.kill9();

    const setpriv = await run({ name: 'setpriv', file: 'setpriv', args: ['--version'], mend: 'install util-linux' });
    expect(setpriv.exitCode).toBe(0);
    await waitUntil('all have ended', () => !pids.some(isRunning));
  }, 150_000);
});
