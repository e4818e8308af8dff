import path from 'node:path';
import { protectThreeMoments, restoreAsOf } from './support/moments.ts';
import { checkout, cleanUp } from './support/processes.ts';
import { copyTree, differences, filesBelow } from './support/tree.ts';

afterAll(cleanUp, 300_000);

describe('all of the repository’s own node_modules', () => {
  it.each([1, 2, 3])(
    'restores equal as of three moments (seed %i)',
    async (seed) => {
      const tree = await protectThreeMoments((data) => copyTree(path.join(checkout, 'node_modules'), data), seed);
      const report: Record<string, unknown>[] = [];
      for (const moment of tree.moments) {
        const started = performance.now();
        const restored = await restoreAsOf(tree.genesis, moment);
        expect({ moment: moment.name, differences: differences(moment.kept, restored) }).toEqual({
          moment: moment.name,
          differences: [],
        });
        report.push({
          moment: moment.name,
          files: filesBelow(moment.kept).length,
          seconds: Math.round((performance.now() - started) / 100) / 10,
        });
      }
      process.stdout.write(`tree, seed ${seed}: ${JSON.stringify(report)}\n`);
      await tree.genesis.stop();
    },
    1_200_000,
  );
});
