import {
  crash,
  faultsAfterCrash,
  manyPoints,
  prepareStage,
  resetStage,
  usualDuration,
  worksOn,
} from './support/crash.ts';
import { cleanUp } from './support/processes.ts';

const pointsOfAll = 20;

describe.each(['backup', 'restore'] as const)('kill -9 at 20 points of a %s', (kind) => {
  afterEach(cleanUp, 60_000);

  it.each([1, 2])(
    'always leaves the old or the new whole and the catalogue true (seed %i)',
    async (seed) => {
      const stage = await prepareStage();
      const usualMs = await usualDuration(stage, kind);
      for (const point of manyPoints(kind, pointsOfAll, seed)) {
        await resetStage(stage);
        const finding = await crash(stage, kind, point, usualMs);
        process.stdout.write(`${kind}, seed ${seed}: ${JSON.stringify(finding)}\n`);
        expect({ ...finding, faults: await faultsAfterCrash(stage, finding) }).toEqual({ ...finding, faults: [] });
      }
      await resetStage(stage);
      expect(await worksOn(stage)).toEqual([]);
    },
    1_800_000,
  );
});
