import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generate as generateProvisioning } from '@genesis-dr/provisioning';
import { generate as generateRules } from '@genesis-dr/rules';
import { Config } from '../src/config/index.ts';
import type { CatalogueEntry } from '../src/contract/backup.ts';
import type { MaintenanceWindow, ServiceSnapshot } from '../src/contract/snapshot.ts';
import type { AuditEntry } from '../src/store/port.ts';
import { backUp, shopConfig } from './support/actions.ts';
import { genesisCommand, startGenesis, type Genesis } from './support/genesis.ts';
import { metric, readinessOf } from './support/metrics.ts';
import { cleanUp, sleep, tempFolder, waitUntil } from './support/processes.ts';
import { startPrometheus, writeFiles } from './support/prometheus.ts';

describe('a maintenance window', () => {
  let genesis: Genesis;
  const home = tempFolder('genesis-home-');

  const active = async (): Promise<number | undefined> =>
    (await metric(genesis, 'genesis_maintenance_active', { service: 'shop' }))[0];
  const untilSeconds = () => metric(genesis, 'genesis_maintenance_until_timestamp_seconds', { service: 'shop' });
  const windows = async (): Promise<readonly MaintenanceWindow[]> =>
    (await genesis.api<{ items: MaintenanceWindow[] }>('GET', '/maintenance')).body.items;
  const shop = async (): Promise<ServiceSnapshot> => (await genesis.api<ServiceSnapshot>('GET', '/services/shop')).body;
  const command = (...args: string[]) => genesisCommand(home, ['maintenance', ...args]);

  beforeAll(async () => {
    const data = path.join(tempFolder('genesis-data-'), 'shop');
    mkdirSync(data);
    writeFileSync(path.join(data, 'orders.json'), '[1, 2, 3]');
    const schedules = { full: '0 2 * * *', incremental: '*/2 * * * * *' };
    const config = shopConfig(data, { backup: { schedules }, top: { collectors: { dr_interval: '1s' } } });
    genesis = await startGenesis({ home, config });
    await backUp(genesis);
  }, 120_000);
  afterAll(cleanUp, 60_000);

  it('is opened by the command, seen in metric, API and page, and closes by itself', async () => {
    expect(await active()).toBe(0);
    expect(await untilSeconds()).toEqual([]);
    const readiness = (await readinessOf(genesis)).score;

    const opened = await command('start', '--service', 'shop', '--for', '12s', '--reason', 'new disks');

    expect(opened).toMatchObject({ exitCode: 0, output: expect.stringContaining('alerts of shop are muted until') });
    expect(await active()).toBe(1);
    const [window] = await windows();
    expect(window).toMatchObject({ service: 'shop', by: 'admin', reason: 'new disks' });
    expect(await untilSeconds()).toEqual([Date.parse(window?.until ?? '') / 1000]);
    expect((await shop()).maintenance).toEqual(window);
    const page = await genesis.get('/status', { authorization: `Bearer ${genesis.tokens.viewer}` });
    expect(page.text).toContain('new disks; its alerts are muted');
    expect((await readinessOf(genesis)).score).toBeGreaterThanOrEqual(readiness);

    await waitUntil('the metric shows the end', async () => (await active()) === 0, { deadlineMs: 30_000 });

    expect(new Date().getTime()).toBeGreaterThanOrEqual(Date.parse(window?.until ?? ''));
    await waitUntil('the snapshot shows the end', async () => (await shop()).maintenance === null);
    expect(await windows()).toEqual([]);
    expect(await untilSeconds()).toEqual([]);
    const expired = await genesis.api<{ items: AuditEntry[] }>('GET', '/audit?action=maintenance.expired');
    expect(expired.body.items).toMatchObject([{ service: 'shop', actor: 'genesis', reason: 'new disks' }]);
  }, 120_000);

  it('lets scheduled work go on', async () => {
    const opened = await genesis.api('POST', '/services/shop/maintenance', { seconds: 600, reason: 'new disks' });
    expect(opened.status).toBe(200);
    const since = new Date().toISOString();

    const backup = await waitUntil('a scheduled backup is made', async () => {
      const listed = await genesis.api<{ items: CatalogueEntry[] }>('GET', '/backups?limit=1');
      const [newest] = listed.body.items;
      return newest !== undefined && newest.startedAt > since ? newest : undefined;
    });

    expect(backup.service).toBe('shop');
    expect((await shop()).maintenance).not.toBeNull();
  }, 60_000);

  it('outlives kill -9, and is closed by hand', async () => {
    await genesis.kill9();
    genesis = await startGenesis({ home });
    await waitUntil('the first snapshot is there', async () => (await shop()).maintenance?.until);
    expect(await active()).toBe(1);

    const ended = await command('end', '--service', 'shop');

    expect(ended).toEqual({ exitCode: 0, output: 'shop: window closed\n' });
    expect(await active()).toBe(0);
    expect((await command('list')).output).toBe('no maintenance window is open\n');
  }, 120_000);

  it('is refused to viewers, for longer than seven days, and for services that are not there', async () => {
    const start = (route: string, body: unknown, role: 'viewer' | 'operator') =>
      genesis.api<{ code: string }>('POST', route, body, { role });
    const body = { seconds: 60, reason: 'x' };

    expect((await start('/services/shop/maintenance', body, 'viewer')).status).toBe(403);
    expect((await start('/services/nope/maintenance', body, 'operator')).body.code).toBe('service_unknown');
    const long = await start('/services/shop/maintenance', { ...body, seconds: 604_801 }, 'operator');
    expect([long.status, long.text]).toEqual([400, expect.stringContaining('at most 7 days')]);
    expect(await windows()).toEqual([]);
    const denied = await genesis.api<{ items: AuditEntry[] }>('GET', '/audit?action=startMaintenance&result=denied');
    expect(denied.body.items).toMatchObject([{ actor: 'viewer', role: 'viewer' }]);
  }, 60_000);
});

describe('the alerts of a service under maintenance', () => {
  afterAll(cleanUp, 60_000);

  it('are silent as long as the window is open, and heard again at its end', async () => {
    const data = path.join(tempFolder('genesis-data-'), 'shop');
    mkdirSync(data);
    writeFileSync(path.join(data, 'orders.json'), '[1, 2, 3]');
    const raw = shopConfig(data, {
      backup: { schedules: { full: '0 2 * * *', incremental: '*/2 * * * * *' } },
      service: { objectives: { backup_sla: '3s' } },
      top: {
        cluster: 'e2e',
        collectors: { dr_interval: '1s', scrape_interval: '1s' },
        rules: { evaluation_interval: '1s', for: { BackupTooOld: '1s' } },
      },
    });
    const genesis = await startGenesis({ config: raw });
    const config = Config.parse({ ...raw, api: { listen: new URL(genesis.url).host } });
    const stack = tempFolder('genesis-stack-');
    writeFiles(stack, [...generateRules(config), ...generateProvisioning(config)]);
    const prometheus = await startPrometheus({ configFile: path.join(stack, 'provisioning/generated/prometheus.yml') });
    const watched = { deadlineMs: 60_000, processes: [genesis.process, prometheus.process] };
    const ok = async (method: string, route: string, body?: unknown): Promise<void> =>
      expect((await genesis.api(method, route, body)).status).toBe(200);
    const firing = () => prometheus.query('ALERTS{alertname="BackupTooOld",service="shop"}');
    await waitUntil(
      'a backup was made',
      async () => (await metric(genesis, 'genesis_backups', { service: 'shop' }))[0],
      watched,
    );

    await ok('POST', '/services/shop/maintenance', { seconds: 600, reason: 'new disks' });
    await ok('POST', '/services/shop/pause', { seconds: 600, reason: 'new disks' });
    await waitUntil(
      'the newest backup is far too old',
      async () => (await prometheus.query('service:genesis_backup_age_seconds:min > 12')).length === 1,
      watched,
    );
    await sleep(3000);
    expect(await firing()).toEqual([]);

    await ok('DELETE', '/services/shop/maintenance');
    await waitUntil('the alert fires', async () => (await firing()).length > 0, watched);
  }, 150_000);
});
