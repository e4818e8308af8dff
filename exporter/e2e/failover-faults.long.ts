import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { lookForServers, signalServers } from '../src/engines/failover/postgres/sight.ts';
import { faultsOf, table, type Finding } from './support/failover-fault-check.ts';
import { failedOverTo, heldBecause, runFault, stays, type FaultPairOptions } from './support/failover-faults.ts';
import { freezeServer } from './support/failover-postgres.ts';
import { sleep, waitUntil } from './support/processes.ts';

// The faults of a primary and of its standbys, each on a new pair that Genesis has charge of, with a client whose acknowledged rows are
// looked for afterwards. `-t NAME` repeats one of them.

const findings: Finding[] = [];

afterAll(() => {
  process.stdout.write(table(findings));
});

type Befall = Parameters<typeof runFault>[2];

function fault(name: string, options: FaultPairOptions, befall: Befall): void {
  it(
    name,
    async () => {
      const found = await runFault(name, options, befall);
      findings.push(found);
      expect(faultsOf(found)).toEqual([]);
    },
    240_000,
  );
}

describe('the primary', () => {
  const synchronous = { mode: 'synchronous' } as const;

  fault('kill -9 of the postmaster', synchronous, async (found) => {
    await found.pair.a.kill();
    return failedOverTo(found, 'b');
  });

  fault('every process killed, as when the host is gone', synchronous, async (found) => {
    const all = (await lookForServers(found.pair.a.data))?.processes ?? [];
    await signalServers(all, 'SIGKILL');
    return failedOverTo(found, 'b');
  });

  fault('every process frozen, thawed afterwards', synchronous, async (found) => {
    const thaw = await freezeServer(found.pair.a.data);
    const answer = await failedOverTo(found, 'b');
    await thaw();
    return answer;
  });

  fault('disk full, log has room', { ...synchronous, faultyDisk: true }, async (found) => {
    found.disk?.fill();
    const answer = await stays(found, 12);
    found.disk?.free();
    return answer;
  });

  fault('disk full, no room for log', { ...synchronous, faultyDisk: true }, async (found) => {
    found.disk?.fill();
    await waitUntil('it has ended by itself', async () => {
      await found.pair.a.sql('SELECT pg_switch_wal()').catch(() => {});
      return !found.pair.a.running();
    });
    return failedOverTo(found, 'b');
  });

  fault('fsync takes 3 s', { ...synchronous, faultyDisk: true }, async (found) => {
    found.disk?.slow(3000);
    const answer = await stays(found, 12);
    found.disk?.slow(0);
    return answer;
  });

  fault('refuses the login of Genesis alone', { mode: 'asynchronous', user: 'watcher' }, async (found) => {
    const { a } = found.pair;
    const file = path.join(a.data, 'pg_hba.conf');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, `local all watcher reject\n${before}`);
    await a.sql('SELECT pg_reload_conf()');
    const { decision } = await heldBecause(found, /does not say whether it takes writes: .* rejects connection/);
    await sleep(5000);
    expect(await found.pair.facts()).toMatchObject({ primary: 'a', history: [] });
    writeFileSync(file, before);
    await a.sql('SELECT pg_reload_conf()');
    await found.pair.settled('a');
    return { answer: `held: ${decision.reasons.join('; ')}`, serves: 'a' };
  });
});

const small = { max_loss: { bytes: '1MiB', time: '10m' } };
const twoMiB = 'CREATE TABLE two AS SELECT generate_series(1, 30000) AS id';

describe('a standby', () => {
  const asynchronous = { mode: 'asynchronous' } as const;

  fault('is dead, and nothing else is', asynchronous, async (found) => {
    const { pair } = found;
    await pair.b.kill();
    await pair.until('it could not be replaced', ({ standing }) => standing.wouldSucceed === false);
    const answer = await stays(found, 5);
    await pair.b.start();
    return answer;
  });

  fault(
    'lags by less than the bound',
    { ...asynchronous, network: 'stream', failover: { max_loss: { bytes: '1MiB', time: '10m' } } },
    async (found) => {
      const { pair, network } = found;
      network?.cut('a', 'b');
      await pair.a.sql('CREATE TABLE few AS SELECT generate_series(1, 8000) AS id');
      await sleep(4000);
      await pair.a.kill();
      return failedOverTo(found, 'b');
    },
  );

  fault('lags by more than the bound', { ...asynchronous, network: 'stream', failover: small }, async (found) => {
    const { pair, network } = found;
    network?.cut('a', 'b');
    await pair.a.sql(twoMiB);
    await pair.until('it is too far behind', ({ standing }) => standing.wouldSucceed === false);
    await pair.a.kill();
    const held = await heldBecause(found, /would be lost, more than the allowed/);
    await sleep(3000);
    await pair.a.start();
    network?.mend();
    await pair.settled('a');
    return { answer: `held: ${held.decision.reasons.at(-1)}`, serves: 'a' };
  });

  fault('has no slot any more', { ...asynchronous, failover: small }, async (found) => {
    const { pair } = found;
    await pair.b.stop();
    await pair.a.sql(`SELECT pg_drop_replication_slot('b')`);
    await pair.b.start();
    await pair.a.sql(twoMiB);
    await pair.until(
      'it is too far behind',
      ({ standing }) =>
        standing.wouldSucceed === false && standing.rejected.some(({ reason }) => reason.includes('would be lost')),
    );
    await pair.a.kill();
    const held = await heldBecause(found, /would be lost, more than the allowed/);
    await pair.a.start();
    await pair.until('a serves', ({ decision }) => decision.action === 'none');
    await pair.act('nodes/b/rejoin');
    await pair.settled('a');
    return { answer: `held: ${held.decision.reasons.at(-1)}`, serves: 'a' };
  });

  fault(
    'has a slot that is lost',
    {
      ...asynchronous,
      failover: small,
      walSegmentMb: 1,
      settings: { max_slot_wal_keep_size: '1MB', wal_keep_size: '0', max_wal_size: '4MB', min_wal_size: '2MB' },
    },
    async (found) => {
      const { pair } = found;
      await pair.b.stop();
      for (let n = 0; n < 12; n += 1)
        await pair.a.sql(
          'CREATE TABLE more AS SELECT generate_series(1, 20000) AS id; DROP TABLE more; SELECT pg_switch_wal(); CHECKPOINT',
        );
      expect(await pair.a.sql('SELECT wal_status FROM pg_replication_slots')).toEqual([{ wal_status: 'lost' }]);
      await pair.b.start();
      await pair.until(
        'it is too far behind',
        ({ standing }) =>
          standing.wouldSucceed === false && standing.rejected.some(({ reason }) => reason.includes('would be lost')),
      );
      await pair.until('it is named', ({ warnings }) =>
        warnings.some((warning) => warning.includes('has lost log of the slots b')),
      );
      await pair.a.kill();
      const held = await heldBecause(found, /would be lost, more than the allowed/);
      await pair.a.start();
      await pair.until('a serves', ({ decision }) => decision.action === 'none');
      const { steps } = await pair.act('nodes/b/rejoin');
      expect(JSON.stringify(steps)).toContain('cloned anew');
      await pair.settled('a');
      return { answer: `held: ${held.decision.reasons.at(-1)}`, serves: 'a' };
    },
  );

  fault('is promoted by somebody else', asynchronous, async (found) => {
    const { pair } = found;
    await pair.b.sql('SELECT pg_promote()');
    const held = await heldBecause(found, /2 nodes take writes/);
    await pair.until('it is counted', ({ writable }) => writable.length === 2);
    await pair.act('nodes/b/fence');
    await pair.act('nodes/b/rejoin');
    await pair.settled('a');
    return { answer: `held: ${held.decision.reasons.join('; ')}`, serves: 'a' };
  });
});

describe('three nodes', () => {
  const cascade = { mode: 'asynchronous', third: 'b' } as const;
  const beside = { mode: 'asynchronous', third: 'a' } as const;

  fault('cascade: the first is killed, the middle one takes over', cascade, async (found) => {
    await found.pair.a.kill();
    const answer = await failedOverTo(found, 'b');
    await found.pair.until('the last one is below it', ({ nodes }) =>
      nodes.some(({ name, probe }) => name === 'c' && probe?.upstream === 'b' && probe.timeline === 2),
    );
    return answer;
  });

  fault(
    'cascade: the first is killed, the last one takes over',
    { ...cascade, node: ({ name }) => (name === 'b' ? { candidate: false } : {}) },
    async (found) => {
      await found.pair.a.kill();
      const answer = await failedOverTo(found, 'c');
      await found.pair.until('the middle one is below it', ({ nodes }) =>
        nodes.some(({ name, probe }) => name === 'b' && probe?.upstream === 'c' && probe.timeline === 2),
      );
      // It would keep log for somebody who never comes.
      await waitUntil('no slot is left on it', async () => {
        const slots = await found.pair.b.sql('SELECT slot_name FROM pg_replication_slots');
        return slots.length === 0;
      });
      return answer;
    },
  );

  fault('cascade: the middle one is killed', cascade, async (found) => {
    const { pair } = found;
    await pair.b.kill();
    await pair.until('the last one receives nothing', ({ nodes }) =>
      nodes.some(({ name, probe }) => name === 'c' && probe?.upstream === null),
    );
    const answer = await stays(found, 3);
    await pair.act('nodes/c/rejoin');
    await pair.until('it receives from the first', ({ nodes }) =>
      nodes.some(({ name, probe }) => name === 'c' && probe?.upstream === 'a'),
    );
    return answer;
  });

  fault('one was left behind on the timeline of before', beside, async (found) => {
    const { pair, c } = found;
    await c?.stop();
    await pair.a.kill();
    await failedOverTo(found, 'b');
    await c?.start();
    const now = await pair.until('it is seen', ({ standing }) =>
      standing.rejected.some(({ node, reason }) => node === 'c' && reason.includes('on timeline 1, behind 2')),
    );
    expect(now.standing.wouldSucceed).toBe(false);
    await pair.b.kill();
    const held = await heldBecause(found, /c: it is on timeline 1/, 'b');
    await sleep(3000);
    expect((await pair.facts()).primary).toBe('b');
    await pair.b.start();
    return { answer: `held: ${held.decision.reasons.join('; ')}`, serves: 'b' };
  });

  fault('one has been promoted once and is a standby again', beside, async (found) => {
    const { pair, c } = found;
    if (c === null) throw new Error('there is no third node');
    await c.sql('SELECT pg_promote()');
    await c.sql('CREATE TABLE other AS SELECT generate_series(1, 1000) AS id');
    await c.stop();
    writeFileSync(path.join(c.data, 'standby.signal'), '');
    await c.start();
    await pair.until('it is seen', ({ nodes }) =>
      nodes.some(({ name, probe }) => name === 'c' && probe?.role === 'standby' && probe.timeline === 2),
    );
    await pair.until(
      'it is rejected and the other one is not',
      ({ standing }) =>
        standing.candidate === 'b' &&
        standing.rejected.some(({ node, reason }) => node === 'c' && /went another way/.test(reason)),
    );
    await pair.a.kill();
    return failedOverTo(found, 'b');
  });
});
