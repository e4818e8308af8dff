import { crashTakeover, faultsOf, makeWhole, type CrashPoint } from './support/failover-crash.ts';
import { startPair, type Pair } from './support/failover-pair.ts';
import { stopServers } from './support/postgres.ts';
import { cleanUp } from './support/processes.ts';

// One point of each kind; failover-crash.long.ts has every phase.
const points: readonly CrashPoint[] = [
  { kind: 'switchover', phase: 'demote', thenMs: 30 },
  { kind: 'failover', phase: 'promote', thenMs: 0 },
  { kind: 'rejoin', phase: 'rejoin', thenMs: 300 },
];

describe('kill -9 of Genesis while it moves a primary', () => {
  let pair: Pair;

  beforeAll(async () => {
    pair = await startPair();
    await pair.settled('a');
  }, 120_000);

  afterAll(async () => {
    await pair?.writer.stop();
    await stopServers();
    await cleanUp();
  }, 60_000);

  it.each(points)(
    'ends with one writer and at most one promotion ($kind in $phase)',
    async (point) => {
      await makeWhole(pair);
      const finding = await crashTakeover(pair, point);
      expect({ ...finding, faults: faultsOf(finding) }).toEqual({ ...finding, faults: [] });
    },
    150_000,
  );
});
