import { phasesOf } from '../src/core/transitions.ts';
import { crashTakeover, faultsOf, makeWhole, type CrashFinding, type CrashPoint } from './support/failover-crash.ts';
import { startPair, type Pair } from './support/failover-pair.ts';
import { stopServers } from './support/postgres.ts';
import { cleanUp } from './support/processes.ts';

// Every phase of every move, at its begin and a little later.

const points = (['switchover', 'failover', 'rejoin'] as const).flatMap((kind) =>
  phasesOf({ kind, managed: false, balancer: true }).flatMap((phase): CrashPoint[] =>
    [0, 60].map((thenMs) => ({ kind, phase, thenMs })),
  ),
);

describe('kill -9 of Genesis in every phase', () => {
  let pair: Pair;
  const found: CrashFinding[] = [];

  beforeAll(async () => {
    pair = await startPair();
    await pair.settled('a');
  }, 120_000);

  afterAll(async () => {
    console.table(
      found.map(({ point, state, left, writers, promotions, lostRows }) => ({
        point,
        state,
        left,
        writers: writers.join(),
        promotions,
        lostRows,
      })),
    );
    await pair?.writer.stop();
    await stopServers();
    await cleanUp();
  }, 60_000);

  it.each(points)(
    '$kind in $phase + $thenMs ms',
    async (point) => {
      await makeWhole(pair);
      const finding = await crashTakeover(pair, point);
      found.push(finding);
      expect({ ...finding, faults: faultsOf(finding) }).toEqual({ ...finding, faults: [] });
    },
    200_000,
  );
});
