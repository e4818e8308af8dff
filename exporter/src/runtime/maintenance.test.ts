import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { loadConfig } from '../config/index.ts';
import { fail, type Outcome } from '../contract/errors.ts';
import type { HttpFetch } from '../ports/index.ts';
import type { Store } from '../store/port.ts';
import { openStore } from '../store/sqlite/open.ts';
import type { AppEvent, RequestOptions } from './app.ts';
import { systemRandom } from './clock.ts';
import { createApp, type RunningApp } from './create-app.ts';
import { systemExec } from './exec.ts';
import { homeAt, prepareHome } from './home.ts';
import { settableClock, silentLog, temporaryFolder } from './testing.ts';

const start = '2026-11-22T02:00:00.000Z';
const options: RequestOptions = {
  actor: { name: 'ann', role: 'operator', via: 'token' },
  remote: '127.0.0.1',
  reason: 'new disks',
  confirm: null,
  planEtag: null,
  idempotencyKey: null,
};

function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}

const folder = temporaryFolder();
let home = homeAt(folder.path);
let homes = 0;
let clock: ReturnType<typeof settableClock>;
let store: Store;
let running: RunningApp;
let events: AppEvent[];
let stopLoop: AbortController;
let loop: Promise<void>;

/** Of Prometheus; replaced by tests. */
let answer: HttpFetch = () => Promise.reject(new Error('not part of this test'));

async function open(): Promise<void> {
  store = valueOf(await openStore({ path: home.stateFile, clock, log: silentLog }));
  const load = () => loadConfig(home.configFile, {}, { home: home.path });
  running = createApp({
    clock,
    random: systemRandom,
    exec: systemExec,
    log: { ...silentLog, setLevel: () => undefined, flush: () => undefined },
    home,
    version: '0.0.0',
    store,
    loaded: valueOf(load()),
    load,
    readText: () => readFileSync(home.configFile, 'utf8'),
    readSystem: async () => fail('io_failed', 'not read in this test'),
    fetch: (url, init) => answer(url, init),
    meter: {
      record: () => undefined,
      countRequest: () => undefined,
      countAuthFailure: () => undefined,
      countError: () => undefined,
      countAuditWriteFailure: () => undefined,
    },
  });
  events = [];
  running.app.subscribe((event) => events.push(event));
  await running.start({ act: true });
  stopLoop = new AbortController();
  loop = running.loop(stopLoop.signal);
}

function newHome(): void {
  clock = settableClock(start);
  home = homeAt(join(folder.path, `home-${(homes += 1)}`));
  valueOf(prepareHome(home));
}

async function close(): Promise<void> {
  stopLoop.abort();
  await running.stop(1000);
  await loop;
  await store.close();
}

function writeServices(...names: string[]): void {
  const idle = { backup: { schedules: { full: null, incremental: null } }, drills: { schedule: null } };
  const objectives = { backup_sla: '30d', rpo_sla: '30d' };
  const services = names.map((name) => ({ name, ...idle, objectives }));
  writeFileSync(home.configFile, stringify({ services }), { mode: 0o600 });
}

async function eventually(what: string, holds: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 20_000; performance.now() < deadline;) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${what}: not within 20 s`);
}

const serviceOf = (name: string) => running.app.snapshot()?.services.find((service) => service.name === name);
const auditOf = async (action: string) =>
  (await running.app.auditLog({ action })).items.map(({ actor, result, service, reason, details }) => ({
    actor,
    result,
    service,
    reason,
    details,
  }));

afterAll(() => folder.remove());

describe('maintenance windows', () => {
  beforeEach(async () => {
    newHome();
    writeServices('shop', 'ledger');
    await open();
  });
  afterEach(() => close());

  it('show in the snapshot of their service at once, and change nothing else of it', async () => {
    const before = serviceOf('shop');
    events.length = 0;

    const opened = await running.app.startMaintenance('shop', 7200, options);

    const window = {
      service: 'shop',
      by: 'ann',
      reason: 'new disks',
      since: start,
      until: '2026-11-22T04:00:00.000Z',
    };
    expect(opened).toEqual({ ok: true, value: window });
    expect(serviceOf('shop')).toEqual({ ...before, maintenance: window });
    expect(serviceOf('ledger')?.maintenance).toBeNull();
    expect(running.app.maintenance()).toEqual([window]);
    expect(events.map(({ type }) => type)).toContain('snapshot');
  });

  it('leave their beginning, their end and their expiry in the audit log', async () => {
    await running.app.startMaintenance('shop', 60, options);
    await running.app.endMaintenance('shop', { ...options, reason: null });
    await running.app.startMaintenance('ledger', 60, options);
    clock.advance(60_000);
    await eventually('the window is closed', () => running.app.maintenance().length === 0);

    const until = '2026-11-22T02:01:00.000Z';
    const started = { actor: 'ann', reason: 'new disks', details: { until } };
    expect(await auditOf('startMaintenance')).toEqual([
      { ...started, service: 'ledger', result: 'succeeded' },
      { ...started, service: 'ledger', result: 'intent' },
      { ...started, service: 'shop', result: 'succeeded' },
      { ...started, service: 'shop', result: 'intent' },
    ]);
    expect((await auditOf('endMaintenance')).map(({ result, service }) => [result, service])).toEqual([
      ['succeeded', 'shop'],
      ['intent', 'shop'],
    ]);
    expect(await auditOf('maintenance.expired')).toEqual([
      { actor: 'genesis', result: 'succeeded', service: 'ledger', reason: 'new disks', details: { until } },
    ]);
  });

  it('close by themselves, to the second, and tell everybody', async () => {
    await running.app.startMaintenance('shop', 60, options);
    clock.advance(59_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(serviceOf('shop')?.maintenance).not.toBeNull();
    events.length = 0;

    clock.advance(1_000);
    await eventually('the snapshot shows it', () => serviceOf('shop')?.maintenance === null);

    expect(await store.maintenance.list()).toEqual([]);
    expect(events.map(({ type }) => type)).toContain('snapshot');
  });

  it('can be prolonged, and ended twice', async () => {
    await running.app.startMaintenance('shop', 60, options);
    await running.app.startMaintenance('shop', 3600, { ...options, reason: 'more disks' });

    expect(running.app.maintenance()).toMatchObject([{ reason: 'more disks', until: '2026-11-22T03:00:00.000Z' }]);
    expect(await running.app.endMaintenance('shop', options)).toEqual({
      ok: true,
      value: { service: 'shop', ended: true },
    });
    expect(await running.app.endMaintenance('shop', options)).toEqual({
      ok: true,
      value: { service: 'shop', ended: false },
    });
    expect(serviceOf('shop')?.maintenance).toBeNull();
  });

  it.each([
    ['an unknown service', 'nope', 60, options, 'service_unknown'],
    ['no reason', 'shop', 60, { ...options, reason: null }, 'reason_required'],
    ['more than seven days', 'shop', 7 * 86400 + 1, options, 'bad_request'],
    ['no time at all', 'shop', 0, options, 'bad_request'],
  ])('are refused with %s, and nothing is written', async (_name, service, seconds, given, code) => {
    const refused = await running.app.startMaintenance(service, seconds, given);

    expect(refused).toMatchObject({ ok: false, error: { code } });
    expect(await store.maintenance.list()).toEqual([]);
  });

  it('of an unknown service cannot be ended', async () => {
    expect(await running.app.endMaintenance('nope', options)).toMatchObject({
      ok: false,
      error: { code: 'service_unknown' },
    });
  });

  it('outlive a restart, but not their time', async () => {
    await running.app.startMaintenance('shop', 60, options);
    await running.app.startMaintenance('ledger', 3600, options);
    await close();
    clock.advance(120_000);
    await open();

    expect(running.app.maintenance().map(({ service }) => service)).toEqual(['ledger']);
    expect(serviceOf('ledger')?.maintenance?.reason).toBe('new disks');
    expect(serviceOf('shop')?.maintenance).toBeNull();
  });

  it('of a service that left the file can still be ended', async () => {
    await running.app.startMaintenance('ledger', 3600, options);
    writeServices('shop');
    valueOf(await running.app.reload(options));

    expect(running.app.maintenance().map(({ service }) => service)).toEqual(['ledger']);
    expect(await running.app.endMaintenance('ledger', options)).toMatchObject({ ok: true, value: { ended: true } });
  });
});

describe('service levels of the running program', () => {
  beforeAll(async () => {
    newHome();
    writeServices('shop', 'ledger');
    await open();
  });
  afterAll(() => close());

  it('are told of all services or of one, also without Prometheus', async () => {
    const all = valueOf(await running.app.sla(null));
    const one = valueOf(await running.app.sla('ledger'));

    expect(all.items).toHaveLength(12);
    expect(new Set(one.items.map(({ service }) => service))).toEqual(new Set(['ledger']));
    expect(all.history).toEqual({ available: false, unknown: 'unknown: prometheus.url is not set' });
  });

  it('are asked of Prometheus once by those who ask at the same time, and by none after the stop', async () => {
    writeServices('shop');
    appendFileSync(home.configFile, 'prometheus: { url: "http://127.0.0.1:9/" }\n');
    valueOf(await running.app.reload(options));
    const asked: string[] = [];
    answer = (url, init) => {
      asked.push(url);
      return new Promise((_resolve, reject) =>
        init.signal?.addEventListener('abort', () => reject(new Error('ended'))),
      );
    };

    const waiting = Promise.all([running.app.sla(null), running.app.sla(null), running.app.sla('shop')]);
    // What is recorded and how fast the budgets burn, of all and of one.
    await eventually('the queries are out', () => asked.length === 4);
    await running.stop(0);

    const reasons = (await waiting).map((report) => valueOf(report).items[0]?.compliance);
    expect(reasons).toEqual(reasons.map(() => expect.objectContaining({ known: false, reason: 'unreachable' })));
    expect(asked).toHaveLength(4);
  });

  it('are not told of a service that is not there', async () => {
    expect(await running.app.sla('nope')).toMatchObject({ ok: false, error: { code: 'service_unknown' } });
  });
});
