import { faultsOf, table, type Finding } from './support/failover-fault-check.ts';
import {
  failedOverTo,
  heldBecause,
  heldUnproven,
  powerSwitch,
  runFault,
  stays,
  type FaultPair,
  type FaultPairOptions,
} from './support/failover-faults.ts';
import type { Side } from './support/failover-network.ts';
import { sleep } from './support/processes.ts';

// Ways that are cut so that nobody is told, in network namespaces where the tests are root, else by TCP proxies. HAProxy and its clients
// are on the primary's side unless the fault says otherwise, and Genesis reaches HAProxy. `-t NAME` repeats one of them.

const findings: Finding[] = [];

afterAll(() => {
  process.stdout.write(table(findings));
});

function fault(name: string, options: Omit<FaultPairOptions, 'network'>, befall: Parameters<typeof runFault>[2]): void {
  it(
    name,
    async () => {
      const found = await runFault(name, { ...options, network: 'best' }, befall);
      findings.push(found);
      expect(faultsOf(found)).toEqual([]);
    },
    180_000,
  );
}

/** Cuts, waits for the answer, mends, and waits until all is as before. */
async function cutFor(
  found: FaultPair,
  ways: readonly (readonly [Side, Side])[],
  answer: () => Promise<{ answer: string; serves: string }>,
): Promise<{ answer: string; serves: string }> {
  for (const [one, other] of ways) found.network?.cut(one, other);
  const answered = await answer();
  found.network?.mend();
  await found.pair.settled('a');
  return answered;
}

/** It holds for that reason and goes on to do so, and the clients notice nothing. */
async function staysHeld(found: FaultPair, reason: RegExp): Promise<{ answer: string; serves: string }> {
  const at = Date.now();
  const { decision } = await heldBecause(found, reason);
  await sleep(5000);
  expect(await found.pair.facts()).toMatchObject({ primary: 'a', history: [] });
  expect(found.pair.writer.longestGapSince(at)).toBeLessThan(2000);
  return { answer: `held: ${decision.reasons.join('; ')}`, serves: 'a' };
}

const asynchronous = { mode: 'asynchronous' } as const;
const primaryAlone = [
  ['genesis', 'a'],
  ['a', 'b'],
] as const;

describe('the primary is cut off from Genesis and from the standby, and its clients go on', () => {
  fault('nobody can fence it', asynchronous, (found) =>
    cutFor(found, primaryAlone, () => staysHeld(found, /nothing that is configured could prove that a is down/)),
  );

  const unsure = { node: () => ({ commands: { confirm_down: ['/bin/false'] } }) };
  fault('who is asked whether it is down does not confirm it', { ...asynchronous, ...unsure }, (found) =>
    cutFor(found, primaryAlone, async () => {
      const at = Date.now();
      const held = await heldUnproven(found);
      await sleep(3000);
      expect(found.pair.writer.longestGapSince(at)).toBeLessThan(5000);
      return held;
    }),
  );

  fault('the load balancer speaks with it', { ...asynchronous, check: 'pgsql' }, (found) =>
    cutFor(found, primaryAlone, () => staysHeld(found, /balancer sees it alive/)),
  );

  const fenced = { node: ({ data }: { data: string }) => powerSwitch(data) };

  fault('the configured commands fence it', { ...asynchronous, ...fenced, steadySeconds: 40 }, async (found) => {
    for (const [one, other] of primaryAlone) found.network?.cut(one, other);
    return failedOverTo(found, 'b');
  });

  fault('the configured commands fence it, synchronous', { mode: 'synchronous', ...fenced }, async (found) => {
    for (const [one, other] of primaryAlone) found.network?.cut(one, other);
    return failedOverTo(found, 'b');
  });
});

describe('another way is cut', () => {
  fault('the standby is cut off from all', asynchronous, (found) =>
    cutFor(
      found,
      [
        ['genesis', 'b'],
        ['a', 'b'],
        ['clients', 'b'],
      ],
      async () => {
        await found.pair.until('it could not take over', ({ standing }) => standing.wouldSucceed === false);
        return stays(found, 6);
      },
    ),
  );

  fault('Genesis is cut off from both', asynchronous, (found) =>
    cutFor(
      found,
      [
        ['genesis', 'a'],
        ['genesis', 'b'],
      ],
      () => staysHeld(found, /no other node answers either/),
    ),
  );

  fault('Genesis is cut off from the primary alone', asynchronous, (found) =>
    cutFor(found, [['genesis', 'a']], () => staysHeld(found, /b still receives from it/)),
  );

  fault('the load balancer is cut off from the primary', asynchronous, (found) =>
    cutFor(found, [['clients', 'a']], async () => {
      const now = await found.pair.until(
        'it is seen',
        ({ balancer }) => balancer?.known === true && balancer.value.problem !== null,
      );
      const { answer, serves } = await stays(found, 6);
      return {
        answer: `${answer}; load balancer: ${now.balancer?.known === true ? now.balancer.value.problem : ''}`,
        serves,
      };
    }),
  );

  fault('the standby is cut off from the primary alone', asynchronous, (found) =>
    cutFor(found, [['a', 'b']], () => stays(found, 8)),
  );
});
