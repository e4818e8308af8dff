import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Operation, Plan } from '../src/contract/operation.ts';
import type { PlaybookRecord, ServicePlaybooks } from '../src/contract/playbooks.ts';
import { perform } from './support/actions.ts';
import { genesisCommand, startGenesis, type ApiReply, type Genesis, type TokenRole } from './support/genesis.ts';
import { metric } from './support/metrics.ts';
import { cleanUp, freePort, run, tempFolder, waitUntil } from './support/processes.ts';

/** A service of one process that says that it is well. */
const page = `
import { createServer } from 'node:http';
createServer((request, reply) => reply.end('fine')).listen(Number(process.argv[2]), '127.0.0.1');
`;

/** What an operator's restart would do; `from` says at which call of a run it works, 0: never. */
const restart = `
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync, appendFileSync } from 'node:fs';
const [folder, port] = process.argv.slice(2);
const { GENESIS_SERVICE: service, GENESIS_ACTION: action, GENESIS_ATTEMPT: attempt } = process.env;
appendFileSync(folder + '/calls', [service, action, attempt].join(' ') + '\\n');
const from = Number(readFileSync(folder + '/from', 'utf8'));
if (from > 0 && Number(attempt) >= from) {
  const child = spawn(process.execPath, [folder + '/page.mjs', port], { detached: true, stdio: 'ignore' });
  writeFileSync(folder + '/pid', String(child.pid));
  child.unref();
}
`;

class Page {
  readonly name: string;
  readonly folder: string;
  readonly port: number;

  constructor(name: string, base: string, port: number) {
    this.name = name;
    this.folder = path.join(base, name);
    this.port = port;
    mkdirSync(this.folder);
    writeFileSync(path.join(this.folder, 'page.mjs'), page);
    writeFileSync(path.join(this.folder, 'restart.mjs'), restart);
    this.restartWorks(1);
  }

  get command(): readonly string[] {
    return [process.execPath, path.join(this.folder, 'restart.mjs'), this.folder, String(this.port)];
  }

  /** 0: the restart ends with exit code 0 and does nothing. */
  restartWorks(fromAttempt: number): void {
    writeFileSync(path.join(this.folder, 'from'), String(fromAttempt));
    writeFileSync(path.join(this.folder, 'calls'), '');
  }

  calls(): readonly string[] {
    return readFileSync(path.join(this.folder, 'calls'), 'utf8').split('\n').filter(Boolean);
  }

  async start(): Promise<void> {
    const [file = '', ...args] = this.command;
    await run({ name: 'start', file, args, env: { GENESIS_ATTEMPT: '99' } });
    await waitUntil(`${this.name} answers`, () => this.answers());
    writeFileSync(path.join(this.folder, 'calls'), '');
  }

  async answers(): Promise<boolean> {
    return (await fetch(`http://127.0.0.1:${this.port}`)).ok;
  }

  stop(): void {
    const file = path.join(this.folder, 'pid');
    if (!existsSync(file)) return;
    try {
      process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
    } catch {
      // It has ended already.
    }
  }

  config(playbooks: Readonly<Record<string, unknown>>): Record<string, unknown> {
    return {
      name: this.name,
      backup: {
        components: { data: { paths: [this.folder] } },
        schedules: { full: null, incremental: null },
      },
      drills: { schedule: null },
      health: {
        interval: '300ms',
        timeout: '1s',
        failures: 2,
        successes: 2,
        checks: [{ name: 'page', kind: 'http', http: { url: `http://127.0.0.1:${this.port}` } }],
      },
      playbooks: { backoff: '100ms', verify: '2s', memory_high: 0, ...playbooks },
    };
  }
}

describe('recovery playbooks over a real service', () => {
  const base = tempFolder('genesis-playbook-');
  let genesis: Genesis;
  let [shop, kiosk, bare]: Page[] = [];
  const of = (found: Page | undefined): Page => {
    if (found === undefined) throw new Error('the pages were not started');
    return found;
  };
  const ask = (
    service: string,
    body: Readonly<Record<string, unknown>> = {},
    role: TokenRole = 'operator',
    issue = 'service_down',
  ): Promise<ApiReply<{ readonly code?: string } & Partial<Plan>>> =>
    genesis.api('POST', `/services/${service}/playbooks/${issue}`, body, { role });
  const heal = (service: string): Promise<Operation> =>
    perform(genesis, 'POST', `/services/${service}/playbooks/service_down`, {}, { role: 'operator' });
  const list = async (service: string): Promise<ServicePlaybooks> =>
    (await genesis.api<ServicePlaybooks>('GET', `/services/${service}/playbooks`, undefined, { role: 'viewer' })).body;
  const words = (records: unknown): readonly string[] =>
    (records as readonly PlaybookRecord[]).map(({ action, attempt, result }) => `${action} ${attempt} ${result}`);

  beforeAll(async () => {
    const pages = await Promise.all(
      ['shop', 'kiosk', 'bare'].map(async (name) => new Page(name, base, await freePort())),
    );
    [shop, kiosk, bare] = pages;
    await Promise.all(pages.map((one) => one.start()));
    const hook = (command: readonly string[]): Record<string, unknown> => ({ command, timeout: '10s' });
    genesis = await startGenesis({
      config: {
        services: [
          of(shop).config({
            max_per_hour: 4,
            hooks: { restart_service: hook(of(shop).command), clear_cache: hook(['/bin/sh', '-c', 'exit 3']) },
          }),
          of(kiosk).config({ mode: 'auto', hooks: { restart_service: hook(of(kiosk).command) } }),
          of(bare).config({ mode: 'observe' }),
        ],
        api: { requests_per_minute: 1_000_000 },
      },
    });
  }, 60_000);
  afterAll(async () => {
    for (const one of [shop, kiosk, bare]) one?.stop();
    await cleanUp();
  }, 30_000);

  it('lists what is configured and what is not', async () => {
    const { mode, playbooks } = await list('shop');

    expect(mode).toBe('off');
    expect(playbooks[0]).toMatchObject({
      issue: 'service_down',
      destructive: false,
      actions: [
        { action: 'restart_service', attempts: 3, configured: true, how: `runs ${process.execPath}` },
        { action: 'clear_cache', when: 'if_memory_high', configured: true },
        { action: 'notify_ops', when: 'if_restart_fails', configured: true, how: 'Genesis itself' },
      ],
    });
    expect(playbooks[3]?.actions[0]).toMatchObject({
      action: 'trigger_gc',
      configured: false,
      how: 'playbooks.hooks.trigger_gc is not set',
    });
  });

  it('shows in a dry run what would be tried, and does nothing', async () => {
    of(shop).stop();

    const plan = await ask('shop', { dryRun: true });

    expect(plan.status).toBe(200);
    expect(plan.body).toMatchObject({
      steps: [
        'restart_service, up to 3 times, then the health checks',
        'clear_cache, then the health checks: if_memory_high holds now',
        'notify_ops, then the health checks: only where a restart does not bring it back',
      ],
      blockers: [],
      warnings: [],
      role: 'operator',
    });
    expect(of(shop).calls()).toEqual([]);
  });

  it('restarts the service, and the health check proves it', async () => {
    const operation = await heal('shop');

    expect(operation).toMatchObject({ state: 'succeeded', result: { issue: 'service_down', outcome: 'healed' } });
    expect(words(operation.result?.['records'])).toEqual(['restart_service 1 healed']);
    expect(operation.steps[0]?.detail).toMatch(/exit code 0; then page is healthy: .*200/);
    expect(await of(shop).answers()).toBe(true);
    expect(of(shop).calls()).toEqual(['shop restart_service 1']);
  });

  it('does not believe exit code 0: it tries again until the check is good', async () => {
    of(shop).restartWorks(2);
    of(shop).stop();

    const operation = await heal('shop');

    expect(words(operation.result?.['records'])).toEqual(['restart_service 1 no_effect', 'restart_service 2 healed']);
    expect(operation.steps.map(({ name, state }) => `${name}: ${state}`)).toEqual([
      'restart_service, attempt 1 of 3: failed',
      'restart_service, attempt 2 of 3: succeeded',
    ]);
  });

  it('goes through all actions where nothing helps, tells people, and fails', async () => {
    of(shop).restartWorks(0);
    of(shop).stop();

    const operation = await heal('shop');

    expect(operation).toMatchObject({ state: 'failed', error: { code: 'check_failed' } });
    expect(words(operation.error?.details?.['records'])).toEqual([
      'restart_service 1 no_effect',
      'restart_service 2 no_effect',
      'restart_service 3 no_effect',
      'clear_cache 1 failed',
      'notify_ops 1 no_effect',
    ]);
    expect(of(shop).calls()).toHaveLength(3);
    expect(genesis.output()).toContain('a recovery playbook did not help: a person is needed');
    const counted = await metric(genesis, 'genesis_errors_total', { code: 'check_failed', component: 'playbook' });
    expect(counted).toEqual([1]);
  });

  it('lets nobody try more often than max_per_hour, and keeps the history', async () => {
    of(shop).restartWorks(1);
    const last = await heal('shop');

    const refused = await ask('shop', {}, 'admin');
    const { held, runsLastHour, playbooks } = await list('shop');

    expect(last.state).toBe('succeeded');
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(held).toMatch(/^4 recoveries began within the last hour/);
    expect(runsLastHour).toBe(4);
    expect(playbooks[0]?.lastRuns.map(({ outcome }) => outcome)).toEqual(['healed', 'exhausted', 'healed', 'healed']);
  });

  it('does nothing to a service that is well', async () => {
    const operation = await heal('bare');

    expect(operation).toMatchObject({ state: 'succeeded', result: { outcome: 'not_needed', records: [] } });
  });

  it('asks for the right that the playbook needs', async () => {
    const [viewer, operator, unconfirmed, unknown, unprovable] = [
      await ask('shop', {}, 'viewer'),
      await ask('shop', {}, 'operator', 'database_connection_failed'),
      await ask('shop', { reason: 'test' }, 'admin', 'database_connection_failed'),
      await ask('shop', {}, 'operator', 'bad_weather'),
      await ask('bare', {}, 'operator', 'memory_pressure'),
    ];

    expect([viewer, operator].map(({ body }) => body.code)).toEqual(['forbidden', 'forbidden']);
    expect(unconfirmed.body.code).toBe('confirmation_required');
    expect(unknown.status).toBe(404);
    expect(unprovable).toMatchObject({ status: 422, body: { code: 'not_supported' } });
  });

  it('starts by itself in mode auto, and only says so in mode observe', async () => {
    of(kiosk).stop();
    of(bare).stop();

    await waitUntil('the kiosk is back', () => of(kiosk).answers());
    const run = await waitUntil('the run has ended', async () => {
      const [newest] = (await list('kiosk')).playbooks[0]?.lastRuns ?? [];
      return newest?.endedAt === null ? undefined : newest;
    });
    await waitUntil('it is said', () => genesis.output().includes('a recovery playbook would run'));

    expect(run).toMatchObject({ by: 'playbooks', outcome: 'healed', state: 'succeeded' });
    expect(run.reason).toMatch(/^the check page is unhealthy/);
    expect((await list('bare')).issues).toMatchObject([{ issue: 'service_down' }]);
    expect((await list('bare')).playbooks[0]?.lastRuns).toHaveLength(1);
  });

  it('passes over what nobody configured, and does not call it done', async () => {
    const operation = await heal('bare');
    const command = await genesisCommand(genesis.home, ['playbook', 'list', 'bare']);

    expect(operation.state).toBe('failed');
    expect(words(operation.error?.details?.['records'])).toEqual([
      'restart_service 0 not_configured',
      'clear_cache 0 not_configured',
      'notify_ops 1 no_effect',
    ]);
    expect(command).toMatchObject({ exitCode: 0 });
    expect(command.output).toContain('not configured: playbooks.hooks.restart_service is not set');
    expect(command.output).toContain('exhausted');
  });
});
