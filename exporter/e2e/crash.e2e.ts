import {
  crash,
  faultsAfterCrash,
  markOf,
  prepareStage,
  resetStage,
  usualDuration,
  worksOn,
  type Point,
  type Stage,
} from './support/crash.ts';
import { cleanUp } from './support/processes.ts';

// Four points each; crash.long.ts has twenty, with seeds.
const points: Readonly<Record<'backup' | 'restore', readonly Point[]>> = {
  backup: [
    markOf('backup', 'a half written backup stands in the repository'),
    { at: 0.4 },
    markOf('backup', 'the finished backup was renamed into the repository'),
    { at: 0.9 },
  ],
  restore: [
    markOf('restore', 'the staging folder was made'),
    markOf('restore', 'the intent to swap was written'),
    markOf('restore', 'the swap was committed'),
    markOf('restore', 'the start command runs'),
  ],
};

describe.each(['backup', 'restore'] as const)('kill -9 during a %s', (kind) => {
  let stage: Stage;
  let usualMs: number;

  beforeAll(async () => {
    stage = await prepareStage();
    usualMs = await usualDuration(stage, kind);
  }, 180_000);

  afterAll(cleanUp, 60_000);

  it.each(points[kind].map((_, index) => index))(
    'leaves the old or the new whole and the catalogue true (point %i)',
    async (index) => {
      const point = points[kind][index];
      if (point === undefined) throw new Error('no such point');
      await resetStage(stage);
      const finding = await crash(stage, kind, point, usualMs);
      expect({ ...finding, faults: await faultsAfterCrash(stage, finding) }).toEqual({ ...finding, faults: [] });
    },
    120_000,
  );

  it('goes on backing up and restoring afterwards', async () => {
    await resetStage(stage);
    expect(await worksOn(stage)).toEqual([]);
  }, 120_000);
});
