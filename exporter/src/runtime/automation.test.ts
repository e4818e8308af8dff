import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { loadConfig } from '../config/index.ts';
import { fail, type Outcome } from '../contract/errors.ts';
import type { Store } from '../store/port.ts';
import { openStore } from '../store/sqlite/open.ts';
import type { RequestOptions } from './app.ts';
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
const nodes = ['a', 'b'].map((name) => ({ name, url: `http://127.0.0.1:9/${name}` }));
const metrics = [{ name: 'cpu', kind: 'cpu', source: 'own', target: 0.6 }];
const worker = { command: ['/bin/sleep', '1'], ports: [9100, 9109], health_path: '/health' };
const services = [
  {
    name: 'shop',
    failover: { engine: 'service', mode: 'observe', strategy: 'active_active', nodes },
    scaling: { engine: 'process', mode: 'observe', min: 1, max: 2, process: worker, metrics },
  },
  { name: 'ledger' },
];

function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}

const folder = temporaryFolder();
const home = homeAt(join(folder.path, 'home'));
const clock = settableClock(start);
let store: Store;
let running: RunningApp;

beforeAll(async () => {
  valueOf(prepareHome(home));
  writeFileSync(home.configFile, stringify({ services }), { mode: 0o600 });
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
    fetch: () => Promise.reject(new Error('not part of this test')),
    meter: {
      record: () => undefined,
      countRequest: () => undefined,
      countAuthFailure: () => undefined,
      countError: () => undefined,
      countAuditWriteFailure: () => undefined,
    },
  });
});

afterAll(async () => {
  await running.stop(1000);
  await store.close();
  folder.remove();
});

const told = async (action: string) =>
  (await running.app.auditLog({ action })).items.map(({ result, service, details }) => ({ result, service, details }));
const codeOf = (outcome: Outcome<unknown>) => (outcome.ok ? 'ok' : outcome.error.code);

describe.each([
  ['failover', 'pauseFailover', 'resumeFailover'],
  ['scaling', 'pauseScaling', 'resumeScaling'],
] as const)('the pause of the automation of %s', (section, pause, resume) => {
  beforeEach(() => clock.set(start));

  it('is kept until it is taken back, and both are written down by their own name', async () => {
    const until = '2026-11-22T03:00:00.000Z';

    const paused = await running.app[pause]('shop', 3600, options);

    expect(paused).toEqual({ ok: true, value: { by: 'ann', reason: 'new disks', since: start, until } });
    expect(JSON.parse((await store.facts.get(`${section}:shop`)) ?? '')).toMatchObject({ pause: { until } });
    expect(await running.app[resume]('shop', options)).toEqual({ ok: true, value: { resumed: true } });
    expect(await running.app[resume]('shop', options)).toEqual({ ok: true, value: { resumed: false } });
    expect(JSON.parse((await store.facts.get(`${section}:shop`)) ?? '')).toMatchObject({ pause: null });
    expect(await told(pause)).toEqual([
      { result: 'succeeded', service: 'shop', details: { until } },
      { result: 'intent', service: 'shop', details: { until } },
    ]);
    expect((await told(resume)).map(({ result }) => result)).toEqual(['succeeded', 'intent', 'succeeded', 'intent']);
  });

  it('is over when its time has come', async () => {
    await running.app[pause]('shop', 60, options);
    clock.advance(60_000);

    expect(await running.app[resume]('shop', options)).toEqual({ ok: true, value: { resumed: false } });
  });

  it('needs a reason and a service that has the automation', async () => {
    expect(codeOf(await running.app[pause]('shop', 60, { ...options, reason: null }))).toBe('reason_required');
    expect(codeOf(await running.app[pause]('nobody', 60, options))).toBe('service_unknown');
    expect(codeOf(await running.app[resume]('ledger', options))).toBe('not_configured');
  });
});
