import { productBrain } from '../src/core/simulation/testing.ts';
import { noStats, simulate, SimulationError } from '../src/core/simulation/simulation.ts';

/** Hours and the first seed: GENESIS_HOURS (100000), GENESIS_SEED (1000000). Each run of ten hours has a seed of its own. */
const hours = Number(process.env['GENESIS_HOURS'] ?? 100_000);
const firstSeed = Number(process.env['GENESIS_SEED'] ?? 1_000_000);
const hoursAtOnce = 10;

describe('the failover of a cluster, simulated', () => {
  it(
    `breaks no invariant in ${hours} hours from seed ${firstSeed}`,
    () => {
      const stats = noStats();
      const broken: string[] = [];
      const began = process.cpuUsage();
      for (let seed = firstSeed; seed < firstSeed + Math.ceil(hours / hoursAtOnce); seed += 1) {
        try {
          simulate(productBrain, { seed, scenario: null, faults: null, hours: hoursAtOnce }, stats);
        } catch (thrown) {
          if (!(thrown instanceof SimulationError)) throw thrown;
          broken.push(thrown.message);
          process.stdout.write(`${thrown.message}\n`);
        }
      }
      const { user, system } = process.cpuUsage(began);
      process.stdout.write(`${JSON.stringify({ ...stats, cpuSeconds: (user + system) / 1e6 })}\n`);

      expect(broken).toEqual([]);
    },
    24 * 3600_000,
  );
});
