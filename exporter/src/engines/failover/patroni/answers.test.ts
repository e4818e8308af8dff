import type { FailoverNode } from '../port.ts';
import { isRunning, leaderOf, memberOf, parseCluster, parseSettings, parseStatus } from './answers.ts';
import { parseHistory } from './history.ts';
import { judgeMove } from './moves.ts';
import { planMove } from './hand-over.ts';
import { wordsOf } from './rest.ts';
import { nodeAt, recorded, text } from './testing.ts';

// Everything here was answered by Patroni 3.0.2 with PostgreSQL 15.18.

function view(name: string) {
  const found = parseCluster(recorded(name).body);
  if (found === null) throw new Error(`${name} is no cluster`);
  return found;
}

describe('what Patroni says of a node', () => {
  it('is read from a primary, a replica and one whose PostgreSQL is down', () => {
    expect(parseStatus(recorded('patroni-primary').body)).toMatchObject({
      state: 'running',
      role: 'master',
      timeline: 1,
    });
    expect(parseStatus(recorded('patroni-replica').body)).toMatchObject({ role: 'replica', xlog: { paused: false } });
    const stopped = parseStatus(recorded('patroni-stopped-paused').body);
    expect(stopped).toMatchObject({ state: 'stopped', role: 'master', cluster_unlocked: true, pause: true });
    expect(isRunning(stopped?.state ?? '')).toBe(false);
    expect(parseStatus(recorded('patroni-creating-replica').body)).toMatchObject({ state: 'creating replica' });
  });

  it('is not read from another body', () => {
    for (const body of [undefined, null, [], {}, 'x', recorded('config').body]) expect(parseStatus(body)).toBeNull();
  });
});

describe('what Patroni says of the cluster', () => {
  it('names the leader, or nobody', () => {
    expect(leaderOf(view('cluster'))?.name).toBe('n1');
    expect(leaderOf(view('cluster-stopped-paused'))).toBeNull();
    expect(view('cluster-just-switched').members[0]).toMatchObject({ lag: 'unknown', state: 'stopping' });
    expect(view('cluster-scheduled').scheduled_switchover).toMatchObject({ from: 'n1', to: 'n2' });
  });

  it('finds a node by its name, the address of its REST API or that of its server', () => {
    const { members } = view('cluster');
    const [, second] = members;
    const url = second?.api_url?.replace('/patroni', '') ?? null;
    const server = { host: '127.0.0.1', port: second?.port ?? 0 };

    expect(memberOf(nodeAt('n2'), view('cluster'))?.name).toBe('n2');
    expect(memberOf(nodeAt('db-b', { url }), view('cluster'))?.name).toBe('n2');
    expect(
      memberOf(
        nodeAt('db-b', { server: { ...nodeAt('x').server, ...server } as FailoverNode['server'] }),
        view('cluster'),
      )?.name,
    ).toBe('n2');
    expect(memberOf(nodeAt('db-b'), view('cluster'))).toBeNull();
  });

  it('has settings, with its own defaults where they are not written down', () => {
    expect(parseSettings(recorded('config').body)).toMatchObject({
      ttl: 20,
      loopWait: 2,
      retryTimeout: 3,
      paused: false,
    });
    expect(parseSettings(recorded('config-paused').body)).toMatchObject({ paused: true });
    expect(parseSettings({})).toEqual({
      ttl: 30,
      loopWait: 10,
      retryTimeout: 10,
      maximumLagBytes: 1_048_576,
      synchronous: false,
      failsafe: false,
      paused: false,
    });
    expect(parseSettings('no')).toBeNull();
  });
});

describe('the answer to a switchover or failover', () => {
  it.each([
    ['switchover', 'n2', { kind: 'done', node: 'n2' }],
    // 200, and another node than asked.
    ['failover-instead', 'n1', { kind: 'elsewhere', node: 'n2' }],
    ['failover-unknown', 'n1', { kind: 'unknown', words: 'Failover status unknown' }],
    ['switchover-to-leader', 'n1', { kind: 'refused', words: 'Switchover failed' }],
    ['switchover-wrong-leader', 'n3', { kind: 'refused', words: 'leader name does not match' }],
    ['switchover-unknown-candidate', 'nobody', { kind: 'refused', words: 'candidate does not exists' }],
    ['switchover-not-sync', 'n1', { kind: 'refused', words: 'candidate name does not match with sync_standby' }],
    ['switchover-paused-no-candidate', 'n1', { kind: 'refused' }],
    ['switchover-scheduled', 'n2', { kind: 'scheduled', words: 'Switchover scheduled' }],
    ['switchover-past', 'n2', { kind: 'refused', words: 'Cannot schedule switchover in the past' }],
    ['switchover-no-zone', 'n2', { kind: 'refused' }],
    ['patch-no-auth', 'n2', { kind: 'forbidden', words: 'no auth header received' }],
    ['failsafe-off', 'n2', { kind: 'unknown', words: 'HTTP 502 Bad Gateway' }],
  ])('%s', (name, candidate, expected) => {
    expect(judgeMove({ status: recorded(name).status, text: text(name) }, candidate)).toMatchObject(expected);
  });

  it('of 200 with other words counts as unknown, and a page of HTML is told by its message', () => {
    expect(judgeMove({ status: 200, text: 'fine' }, 'n2')).toEqual({ kind: 'unknown', words: 'fine' });
    expect(wordsOf({ status: 502, text: text('failsafe-off') })).toBe('HTTP 502 Bad Gateway');
    expect(wordsOf({ status: 500, text: '' })).toBe('HTTP 500');
  });
});

describe('what is asked of Patroni', () => {
  const plan = (name: string, from: string | null, candidate: string, planned = true) =>
    planMove(view(name), { planned, from: from === null ? null : nodeAt(from), candidate: nodeAt(candidate) });

  it('names the leader that was decided about, and nobody where nobody leads', () => {
    expect(plan('cluster', 'n1', 'n2')).toMatchObject({ value: { body: { leader: 'n1', candidate: 'n2' } } });
    expect(plan('cluster-stopped-paused', 'n1', 'n2', false)).toMatchObject({ value: { body: { candidate: 'n2' } } });
    expect(plan('cluster-stopped-paused', null, 'n2', false)).toMatchObject({ value: { body: { candidate: 'n2' } } });
  });

  it('is nothing where the candidate leads already', () => {
    expect(plan('cluster', 'n2', 'n1')).toMatchObject({ value: { candidate: 'n1', body: null } });
  });

  it.each([
    ['cluster', 'n2', 'n3', 'n1 leads now, not n2: nothing was asked for'],
    ['cluster', 'n1', 'n1', 'n1 cannot take over from itself'],
    ['cluster', 'n1', 'n9', 'Patroni has no member n9: it has n1, n2, n3'],
    [
      'cluster-stopped-paused',
      'n1',
      'n2',
      'nobody holds the leader key: a switchover needs a leader, a failover does not',
    ],
  ])('is refused (%s, %s to %s)', (name, from, candidate, message) => {
    expect(plan(name, from, candidate)).toMatchObject({ ok: false, error: { code: 'failover_failed', message } });
  });
});

describe('the history of promotions', () => {
  it('is empty at first, then newest first, with what Patroni did not write down left open', () => {
    expect(parseHistory(recorded('history-empty').body)).toEqual([]);
    expect(parseHistory(recorded('history-more').body)).toEqual([
      {
        timeline: 5,
        atBytes: 100_663_984,
        reason: 'no recovery target specified',
        at: '2026-11-22T16:00:35.541Z',
        from: null,
        to: 'n1',
      },
      { timeline: 4, atBytes: 100_663_984, reason: 'no recovery target specified', at: null, from: 'n3', to: null },
      {
        timeline: 3,
        atBytes: 100_663_704,
        reason: 'no recovery target specified',
        at: '2026-11-22T15:59:08.838Z',
        from: 'n2',
        to: 'n3',
      },
      {
        timeline: 2,
        atBytes: 67_393_400,
        reason: 'no recovery target specified',
        at: '2026-11-22T15:57:18.705Z',
        from: null,
        to: 'n2',
      },
    ]);
    expect(parseHistory({})).toBeNull();
  });
});
