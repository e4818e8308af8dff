import { faultsOf } from './support/failover-fault-check.ts';
import { heldBecause, runFault } from './support/failover-faults.ts';
import { sleep } from './support/processes.ts';

// One case of the faults of the network, by TCP proxies; the others are in failover-faults-network.long.

it('a primary that only its clients still reach is not replaced without proof that it is down, and keeps its clients', async () => {
  const found = await runFault(
    'primary cut off from Genesis and from the standby',
    { mode: 'asynchronous', network: 'proxies' },
    async (pair) => {
      pair.network?.cut('genesis', 'a');
      pair.network?.cut('a', 'b');
      const { decision } = await heldBecause(pair, /nothing that is configured could prove that a is down/);
      await sleep(3000);
      expect(await pair.pair.facts()).toMatchObject({ primary: 'a', history: [] });
      pair.network?.mend();
      await pair.pair.settled('a');
      return { answer: `held: ${decision.reasons.join('; ')}`, serves: 'a' };
    },
  );

  expect([faultsOf(found), found.lost, found.twoWritersSeconds]).toEqual([[], 0, 0]);
  expect(found.gapSeconds).toBeLessThan(2);
}, 90_000);
