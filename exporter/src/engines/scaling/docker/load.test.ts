import { afterSample, processorsOf, sampleOf, shareOf, usageOf, type Kept } from './load.ts';
import type { Seen } from './containers.ts';
import { Container, Stats } from './objects.ts';
import { engineOn, recorded, type Asked, type RecordedEngine, type Reply } from './testing.ts';

// What Podman 4.3.1 answered: one container that idles, and one in a loop that may have half a processor and 64 MiB.

const calm = new AbortController().signal;
const open: RecordedEngine[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

const idOf = (name: string) => (recorded(name).json as { Id: string }).Id;
const [idle, busy] = [idOf('inspect-running'), idOf('inspect-busy')];
const shop = { labels: { app: 'web' } };

/** `stats`: what each container answers next. */
async function hostWith(stats: Record<string, Reply>, ended: string[] = []) {
  const names: Record<string, string> = { [idle]: 'inspect-running', [busy]: 'inspect-busy' };
  const gone = new Set<string>();
  const one = await engineOn(({ what }: Asked) => {
    const id = what.split('/')[2] ?? '';
    const there = Object.keys(names).filter((name) => !gone.has(name));
    if (what === 'GET /containers/json') return { status: 200, json: there.map((Id) => ({ Id })) };
    if (what.endsWith('/stats')) return stats[id];
    if (what.endsWith('/stop')) return recorded('stopped');
    if (what.startsWith('DELETE')) {
      gone.add(id);
      ended.push(names[id] ?? id);
      return recorded('removed');
    }
    const json = recorded(names[id] ?? 'inspect-gone').json as { State: object };
    return { status: 200, json: { ...json, State: { ...json.State, StartedAt: '2026-11-22T19:00:00Z' } } };
  }, shop);
  open.push(one);
  return { ...one, stats };
}
const loadsOf = async ({ engine }: RecordedEngine) => {
  const fleet = await engine.fleet(calm);
  if (!fleet.ok) throw fleet.error;
  return fleet.value.instances.map(({ load }) => load);
};

/** The recorded later look, so many seconds after the first one. */
function later(first: string, name: string, seconds: number): Reply {
  const [json, before] = [structuredClone(recorded(name).json), recorded(first).json] as Stats[];
  return { status: 200, json: { ...json, read: new Date(Date.parse(before!.read) + seconds * 1000).toISOString() } };
}

describe('the load of a container', () => {
  it('is not known at the first look, and its share of what it may have from the second on', async () => {
    const host = await hostWith({ [idle]: recorded('stats-idle'), [busy]: recorded('stats-busy') });

    expect(await loadsOf(host)).toEqual([null, null]);
    Object.assign(host.stats, {
      [idle]: later('stats-idle', 'stats-idle-later', 10),
      [busy]: later('stats-busy', 'stats-busy-later', 10),
    });
    const [first, second] = await loadsOf(host);

    expect(first).toBeGreaterThanOrEqual(0);
    expect(first).toBeLessThan(0.001);
    // Some 0.7 s of work within 10 s, of half a processor.
    expect(second).toBeGreaterThan(0.1);
    expect(second).toBeLessThan(0.2);
    expect(host.asked.find(({ what }) => what.endsWith('/stats'))?.query.toString()).toBe('stream=false&one-shot=true');
  });

  it('ends the least loaded first', async () => {
    const ended: string[] = [];
    const host = await hostWith({ [idle]: recorded('stats-idle'), [busy]: recorded('stats-busy') }, ended);
    await loadsOf(host);
    // The older one idles: without a load the newer one would end.
    Object.assign(host.stats, {
      [idle]: later('stats-idle', 'stats-idle-later', 10),
      [busy]: later('stats-busy', 'stats-busy-later', 10),
    });

    const done = await host.engine.scale(
      { desired: 1, remove: [], readySeconds: 1, drainSeconds: 1 },
      { signal: calm, operation: 'op', note: () => undefined },
    );

    expect(done.ok).toBe(true);
    expect(ended).toEqual(['inspect-running']);
  });

  it.each<[string, Reply]>([
    ['an empty answer, as of one that has ended', recorded('stats-ended')],
    ['none', { status: 404, json: { message: 'no such container' } }],
    ['an error', { status: 500, json: { message: 'cgroup deleted' } }],
    ['something else', { status: 200, json: { read: 'never', cpu_stats: {} } }],
  ])('is unknown where the answer is %s, and another one’s is not', async (_, reply) => {
    const host = await hostWith({ [idle]: recorded('stats-idle'), [busy]: recorded('stats-busy') });
    await loadsOf(host);
    Object.assign(host.stats, { [idle]: reply, [busy]: later('stats-busy', 'stats-busy-later', 10) });

    expect(await loadsOf(host)).toEqual([null, expect.any(Number)]);
    expect(await host.engine.readMetric?.('cpu', calm)).toMatchObject({ known: false, why: 'missing' });
  });
});

describe('windows', () => {
  const at = (seconds: number, cpuSeconds: number) => ({
    atMs: 1_000_000 + seconds * 1000,
    cpuNs: cpuSeconds * 1e9,
    processors: 2,
    memoryBytes: 1,
    memoryLimitBytes: 10,
  });
  const after = (...samples: ReturnType<typeof at>[]): Kept | null =>
    samples.reduce<Kept | null>((kept, sample) => afterSample(kept, sample), null);

  it('are at least five seconds long, and what was known holds meanwhile', () => {
    expect(after(at(0, 0), at(4, 4))?.busy).toBeNull();
    expect(after(at(0, 0), at(10, 5))?.busy?.processors).toBe(0.5);
    expect(after(at(0, 0), at(10, 5), at(11, 6))?.busy?.processors).toBe(0.5);
    expect(after(at(0, 0), at(10, 5), at(11, 6), at(20, 15))?.busy?.processors).toBe(1);
  });

  it('begin anew with a container that was started anew, or a clock that was set back', () => {
    expect(after(at(0, 0), at(10, 5), at(20, 1))?.busy).toBeNull();
    expect(after(at(0, 0), at(10, 5), at(3, 6))?.busy).toBeNull();
  });
});

describe('what a container may have', () => {
  const of = (host: object): Container => {
    const json = recorded('inspect-running').json as { HostConfig: object };
    return Container.parse({ ...json, HostConfig: { ...json.HostConfig, ...host } });
  };

  it.each<[object, number | null]>([
    [{ NanoCpus: 500_000_000, CpuPeriod: 100_000, CpuQuota: 50_000 }, 0.5],
    [{ CpuQuota: 150_000 }, 1.5],
    [{ CpuQuota: -1 }, 2],
    [{ CpuQuota: 20_000, CpuPeriod: 10_000 }, 2],
    [{ CpusetCpus: '0-2,5' }, 4],
    [{ CpusetCpus: '' }, 2],
  ])('%j: %s processors', (host, processors) => {
    expect(processorsOf(of(host), 2)).toBe(processors);
  });

  it('is not known where nobody says', () => {
    expect(processorsOf(of({}), null)).toBeNull();
  });

  it('is its own limit of memory, else that of the host; the kernel’s word for none is none', () => {
    const sample = sampleOf({ ok: true, value: Stats.parse(recorded('stats-busy').json) })!;
    const kept = { base: sample, newest: sample, busy: null };
    const boundless = { ...sample, memoryLimitBytes: null };

    expect(usageOf(of({ Memory: 2 ** 20 }), kept).memory).toBeCloseTo(491_520 / 2 ** 20, 3);
    expect(usageOf(of({}), kept).memory).toBeCloseTo(491_520 / 2 ** 26, 3);
    expect(usageOf(of({}), { ...kept, newest: boundless }).memory).toBeNull();
    const limits = [2 ** 64, 2 ** 60, 0, -1, 2 ** 40].map((limit) => {
      const memory_stats = { usage: 5, limit };
      const read = Stats.parse({ ...(recorded('stats-busy').json as object), memory_stats });
      return sampleOf({ ok: true, value: read })?.memoryLimitBytes;
    });
    expect(limits).toEqual([null, null, null, null, 2 ** 40]);
  });

  it('is without the pages of files, as cgroup v1 and v2 name them', () => {
    const used = [{ inactive_file: 200 }, { total_inactive_file: 300 }, {}, { inactive_file: 9999 }].map((stats) => {
      const memory_stats = { usage: 1000, limit: 5000, stats };
      const read = Stats.parse({ ...(recorded('stats-busy').json as object), memory_stats });
      return sampleOf({ ok: true, value: read })?.memoryBytes;
    });

    expect(used).toEqual([800, 700, 1000, 0]);
  });
});

describe('the share of all', () => {
  const now = new Date('2026-11-22T23:10:00Z');
  const container = Container.parse(recorded('inspect-busy').json);
  const seen = (name: string, more: object = {}): Seen => ({
    container: { ...container, Id: name },
    instance: {
      ...{ name, state: 'ready', address: null, load: null, protectedBy: null, detail: null },
      startedAt: '2026-11-22T22:00:00.000Z',
      ...more,
    },
  });
  const kept = (processors: number, secondsAgo: number): Kept => {
    const newest = {
      atMs: +now - secondsAgo * 1000,
      cpuNs: 1,
      processors: 2,
      memoryBytes: 2 ** 25,
      memoryLimitBytes: null,
    };
    return { base: newest, newest, busy: { atMs: newest.atMs, processors } };
  };

  it('is the mean of the ready ones, as old as the oldest', () => {
    const all = [seen('a'), seen('b'), seen('c', { state: 'unready' })];
    const loads = new Map([['a', kept(0.1, 1)], ['b', kept(0.3, 9)]]); // prettier-ignore

    expect(shareOf('cpu', all, loads, now)).toEqual({ at: '2026-11-22T23:09:51.000Z', known: true, value: 0.4 });
    expect(shareOf('memory', all, loads, now)).toMatchObject({ known: true, value: 0.5 });
  });

  it('is missing while one that has run for a while is not known; a new one is left out', () => {
    const loads = new Map([['a', kept(0.1, 1)]]);
    const young = seen('b', { startedAt: '2026-11-22T23:09:00.000Z' });

    expect(shareOf('cpu', [seen('a'), seen('b')], loads, now)).toMatchObject({ known: false, why: 'missing' });
    expect(shareOf('cpu', [seen('a'), seen('b', { startedAt: null })], loads, now)).toMatchObject({ known: false });
    const ahead = seen('b', { startedAt: '2026-11-22T23:59:00.000Z' }); // by a clock that was set back since
    expect(shareOf('cpu', [seen('a'), ahead], loads, now)).toMatchObject({ known: false });
    expect(shareOf('cpu', [seen('a'), young], loads, now)).toMatchObject({ known: true, value: 0.2 });
    expect(shareOf('cpu', [young], new Map(), now)).toMatchObject({ known: false, why: 'missing' });
    expect(shareOf('cpu', [], loads, now)).toMatchObject({ known: false, why: 'missing' });
  });
});
