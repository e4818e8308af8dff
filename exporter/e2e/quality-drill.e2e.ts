import { compareForDrill, compareQuality } from '../src/runtime/quality.ts';
import type { ResolvedService } from '../src/runtime/services.ts';
import type { TestServer } from './support/postgres.ts';
import { endQuality, qualityService, startQuality } from './support/quality.ts';

// Level 5 of a drill, and the comparison with a profile: what the server does with them.

let server: TestServer;
let folder: string;

beforeAll(async () => {
  const quality = await startQuality();
  ({ server, folder } = quality);
  await quality.copyOf('same');
  await quality.copyOf('nulled', 'UPDATE orders SET state = NULL');
}, 60_000);
afterAll(endQuality);

describe('level 5 of a drill', () => {
  async function service(settings: Record<string, unknown>) {
    const target = { ...server.target(), database: 'source' };
    const made = await qualityService(target, folder, settings);
    const { config } = made.resolved;
    return {
      ...made,
      target,
      drill: (database: string) =>
        compareForDrill(
          made.deps,
          { ...made.resolved, config: { ...config, quality: { ...config.quality, database } } } as ResolvedService,
          { socketFolder: target.host, port: target.port, user: target.user, database },
          { operationId: 'op_1', signal: new AbortController().signal },
        ),
    };
  }

  it('passes and fails by the score, and keeps the report with its drill', async () => {
    const { deps, resolved, store, target } = await service({ tables: [{ name: 'public.orders' }] });
    const signal = new AbortController().signal;

    const good = await compareQuality(
      deps,
      resolved,
      { source: null, restored: { ...target, database: 'same' }, drillId: 'drill_1' },
      signal,
    );
    expect(good.ok && good.value).toMatchObject({ service: 'shop', drillId: 'drill_1', against: 'source', score: 1 });
    expect(await store.quality.latest('shop')).toMatchObject({
      score: 1,
      tables: [{ name: 'public.orders', score: 1 }],
    });
    const bad = await compareQuality(
      deps,
      resolved,
      { source: null, restored: { ...target, database: 'nulled' }, drillId: 'drill_2' },
      signal,
    );
    expect(bad.ok && bad.value.alerts).toEqual(['LowDataQualityScore']);
    await store.close();
  });

  it('asks the live database once, and from then on compares with the profile', async () => {
    const { deps, resolved, store, target } = await service({
      against: 'profile',
      tables: [{ name: 'public.orders' }],
    });
    const signal = new AbortController().signal;
    const run = (database: string, live = target) =>
      compareQuality(
        deps,
        { ...resolved, postgres: live },
        { source: null, restored: { ...target, database }, drillId: null },
        signal,
      );
    const gone = { ...target, port: 1 };

    const first = await run('same');
    const second = await run('same', gone);
    const third = await run('nulled', gone);
    const fourth = await run('same', gone);

    expect(first.ok && first.value.findings).toEqual([
      'there was no profile yet: the live database was asked this once',
    ]);
    expect(second.ok && second.value).toMatchObject({ against: 'profile', score: 1 });
    expect(third.ok && third.value.score).toBeLessThan(0.8);
    // What was found bad did not become the measure.
    expect(fourth.ok && fourth.value.score).toBe(1);
    await store.close();
  });

  it('says why it failed, also when nothing could be compared', async () => {
    const { drill, store } = await service({});

    const none = await drill('no_such_database');

    expect(none).toMatchObject({ reportId: null, level: { level: 5, result: 'failed' } });
    expect(none.level.detail).toContain('could not be compared: ');
    await store.close();
  });
});
