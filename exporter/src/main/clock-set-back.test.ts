import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { loadConfig } from '../config/index.ts';
import type { CatalogueEntry } from '../contract/backup.ts';
import { fail, type Outcome } from '../contract/errors.ts';
import { createCounters } from '../metrics/counters.ts';
import { createProcessRegistry } from '../metrics/process.ts';
import { createMetricsPage } from '../metrics/render.ts';
import { createApp, type RunningApp } from '../runtime/create-app.ts';
import { systemRandom } from '../runtime/clock.ts';
import { systemExec } from '../runtime/exec.ts';
import { homeAt, prepareHome } from '../runtime/home.ts';
import { settableClock, silentLog, temporaryFolder } from '../runtime/testing.ts';
import { openStore } from '../store/sqlite/open.ts';
import type { Store } from '../store/port.ts';

/** The real engine, state and loop under a clock that the test sets. */

const hour = 3_600_000;
const start = '2026-03-05T08:00:00.000Z';
const settable = settableClock(start);
/** Ticks ten times a second: often enough for the test, and it leaves the processor to the engine. */
const clock: typeof settable = {
  ...settable,
  sleep: (_ms, signal) => new Promise((resolve) => (signal.aborted ? resolve() : setTimeout(resolve, 100))),
};
const folder = temporaryFolder();
const home = homeAt(join(folder.path, 'home'));
const data = join(folder.path, 'data');
const halfHourly = { full: '0 2 * * *', incremental: '*/30 * * * *' };
const stopLoop = new AbortController();
const counters = createCounters({ cluster: 'test' });
const page = createMetricsPage({ cluster: 'test', counters, processRegistry: createProcessRegistry() });
let store: Store;
let running: RunningApp;
let loop: Promise<void>;

function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}

beforeAll(async () => {
  mkdirSync(data);
  writeFileSync(join(data, 'file'), 'first');
  valueOf(prepareHome(home));
  const service = {
    name: 'shop',
    backup: { components: { data: { paths: [data] } }, schedules: halfHourly },
    drills: { schedule: null },
  };
  writeFileSync(home.configFile, stringify({ cluster: 'test', services: [service] }), { mode: 0o600 });
  const load = () => loadConfig(home.configFile, {}, { home: home.path });
  store = valueOf(await openStore({ path: home.stateFile, clock, log: silentLog }));
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
    fetch: () => Promise.reject(new Error('not part of this test')),
    readSystem: async () => fail('io_failed', 'not read in this test'),
    meter: counters,
  });
  await running.start({ act: true });
  loop = running.loop(stopLoop.signal);
});

afterAll(async () => {
  stopLoop.abort();
  await running.stop(5_000);
  await loop;
  await store.close();
  folder.remove();
});

/** Catalogue, newest first, as soon as it has that many entries and nothing runs. */
async function catalogueOf(count: number): Promise<readonly CatalogueEntry[]> {
  for (const deadline = performance.now() + 30_000; performance.now() < deadline;) {
    const entries = await store.backups.ofService('shop');
    const busy = (await store.operations.unfinished()).length > 0;
    if (entries.length >= count && !busy) return entries;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(
    `the catalogue has not come to ${count} entries: ${JSON.stringify((await store.backups.ofService('shop')).map((e) => e.startedAt))}`,
  );
}

async function ages(): Promise<{ readonly name: string; readonly value: number }[]> {
  const chunks: Buffer[] = [];
  await page.render(running.app.snapshot(), clock.now(), (chunk) => chunks.push(chunk) > 0);
  const lines = Buffer.concat(chunks).toString('utf8').split('\n');
  const found = lines.filter((line) => /^genesis_[a-z_]*(age|rpo|lag)[a-z_]*[{ ]/.test(line));
  return found.map((line) => ({
    name: line.slice(0, line.lastIndexOf(' ')),
    value: Number(line.slice(line.lastIndexOf(' ') + 1)),
  }));
}

describe('the clock set back by two hours', () => {
  it('keeps every backup, knows the newest, and goes on with the schedule', async () => {
    await catalogueOf(1); // the first full, at once
    clock.advance(hour / 2);
    appendFileSync(join(data, 'file'), ' second');
    const [before] = await catalogueOf(2); // by schedule

    clock.advance(-2 * hour);
    appendFileSync(join(data, 'file'), ' third');
    const actor = { name: 'ann', role: 'operator', via: 'token' } as const;
    const options = { actor, remote: null, reason: null, confirm: null, planEtag: null, idempotencyKey: null };
    valueOf(
      await running.app.request(
        { kind: 'backup', service: 'shop', type: 'incremental', components: null, note: null },
        options,
      ),
    );
    const entries = await catalogueOf(3);
    expect(entries).toHaveLength(3);
    expect(entries[0]).toMatchObject({ parent: before?.id, verifyResult: 'passed' });
    expect(entries.map((e) => e.startedAt)).toEqual(
      entries
        .map((e) => e.startedAt)
        .toSorted()
        .toReversed(),
    );

    for (const age of await ages()) expect(age.value).toBeGreaterThanOrEqual(0);
    expect((await ages()).map((age) => age.name).join()).toContain('genesis_backup_age_hours');

    // Still in the past of the earlier runs, half an hour after the clock was set: the schedule must not wait until it is caught up.
    clock.advance(hour / 2);
    await new Promise((resolve) => setTimeout(resolve, 500));
    clock.advance(hour / 2);
    const after = await catalogueOf(4);
    // One or two have run by now; each builds upon the one before it, and the first of them upon the newest of the future.
    const scheduled = after.slice(0, -entries.length);
    expect(scheduled.length).toBeGreaterThan(0);
    expect(scheduled.map((e) => e.parent)).toEqual(after.slice(1, scheduled.length + 1).map((e) => e.id));
    expect(after[scheduled.length]?.id).toBe(entries[0]?.id);
    expect(after.map((e) => e.id)).toEqual(expect.arrayContaining(entries.map((e) => e.id)));
    for (const entry of after) expect((await running.app.backup(entry.id)).ok).toBe(true);
  }, 90_000);

  it('lets retention expire nothing that it should keep when the clock comes right again', async () => {
    const entries = await store.backups.ofService('shop');
    clock.set(new Date(Date.parse(start) + 24 * hour).toISOString());
    const after = await catalogueOf(entries.length + 1);
    expect(after.map((e) => e.id)).toEqual(expect.arrayContaining(entries.map((e) => e.id)));
  }, 90_000);
});
