import { fail, ok, OpError, type Outcome } from '../../../contract/errors.ts';
import { parseStatus, type PatroniStatus } from './answers.ts';
import { judgeSides } from './probe.ts';
import { sqlReach, waitedFor, type SqlReading } from './sql.ts';
import { recorded, text } from './testing.ts';

const now = new Date('2026-11-22T15:57:30.000Z');

function says(name: string): Outcome<PatroniStatus> {
  const status = parseStatus(recorded(name).body);
  if (status === null) throw new Error(`${name} is no status`);
  return ok(status);
}

const silent = fail<PatroniStatus>('failover_failed', 'Patroni of n1 does not answer: no answer within 2 s', {
  details: { reach: 'silent' },
});

const primary: SqlReading = {
  inRecovery: false,
  writable: true,
  timeline: 2,
  receivedBytes: 100,
  replayedBytes: null,
  sender: null,
  senderSilentSeconds: null,
  synchronousStandbys: ['n2'],
  systemId: '7711025088796091954',
};
const standby: SqlReading = {
  ...primary,
  inRecovery: true,
  writable: false,
  replayedBytes: 90,
  synchronousStandbys: null,
};
const refused = fail<SqlReading>('postgres_unreachable', 'n1:5432: connect ECONNREFUSED', {
  cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
});

describe('a probe of both sides', () => {
  it('takes PostgreSQL at its own word', () => {
    expect(judgeSides({ rest: says('patroni-primary'), sql: ok(primary) }, false, now)).toEqual({
      reach: 'answered',
      role: 'primary',
      writable: true,
      timeline: 2,
      receivedBytes: 100,
      replayedBytes: null,
      upstreamSilentSeconds: null,
      synchronousStandbys: ['n2'],
      systemId: '7711025088796091954',
      problem: null,
    });
    expect(judgeSides({ rest: says('patroni-replica'), sql: ok(standby) }, false, now)).toMatchObject({
      role: 'standby',
      writable: false,
      problem: null,
    });
  });

  it('says that nobody would stop a server that takes writes under a silent Patroni', () => {
    expect(judgeSides({ rest: silent, sql: ok(primary) }, false, now)).toMatchObject({
      reach: 'answered',
      role: 'primary',
      writable: true,
      problem:
        'Patroni of n1 does not answer: no answer within 2 s; PostgreSQL takes writes all the same, and where Patroni is frozen or gone nobody stops it',
    });
    expect(judgeSides({ rest: silent, sql: ok(standby) }, false, now).problem).toBe(
      silent.ok ? '' : silent.error.message,
    );
  });

  it('says where the two contradict each other', () => {
    expect(judgeSides({ rest: says('patroni-replica'), sql: ok(primary) }, false, now).problem).toBe(
      'Patroni says replica, PostgreSQL is the primary',
    );
  });

  it('knows nothing of a server that gives no answer, whatever Patroni says', () => {
    const probe = judgeSides({ rest: says('patroni-primary'), sql: refused }, false, now);

    expect(probe).toMatchObject({ reach: 'refused', role: null, writable: null, receivedBytes: null });
    expect(probe.problem).toContain('Patroni says: master, running');
  });

  it('reads Patroni alone where no server is configured', () => {
    expect(judgeSides({ rest: says('patroni-primary-sync'), sql: null }, false, now)).toMatchObject({
      reach: 'answered',
      role: 'primary',
      writable: true,
      synchronousStandbys: ['n3'],
    });
    expect(judgeSides({ rest: says('patroni-replica'), sql: null }, false, now)).toMatchObject({
      role: 'standby',
      writable: false,
      receivedBytes: 67_108_960,
      replayedBytes: 67_108_960,
    });
    expect(judgeSides({ rest: silent, sql: null }, false, now)).toMatchObject({ reach: 'silent', role: null });
  });

  it('does not take the role of a stopped server, which is only what it was, for a fact', () => {
    const probe = judgeSides({ rest: says('patroni-stopped-paused'), sql: null }, false, now);

    expect(probe).toMatchObject({ reach: 'failed', role: null, writable: null });
    expect(probe.problem).toContain('PostgreSQL is stopped; nobody holds the leader key; the store was last seen');
  });

  it('tells failsafe mode and an answer that is not Patroni’s', () => {
    expect(judgeSides({ rest: says('patroni-failsafe-active'), sql: ok(primary) }, false, now).problem).toContain(
      'failsafe mode is active: the store does not answer',
    );
    const page = ok({ status: 502, text: text('failsafe-off'), json: undefined });
    expect(judgeSides({ rest: page, sql: null }, false, now)).toMatchObject({
      reach: 'failed',
      problem: 'its REST API answers, but not as Patroni: HTTP 502 Bad Gateway',
    });
  });

  it('is silent when it was cancelled', () => {
    expect(judgeSides({ rest: silent, sql: ok(primary) }, true, now)).toMatchObject({ reach: 'silent', role: null });
  });
});

describe('how a server took the question', () => {
  it.each([
    [{ cause: { code: 'ECONNREFUSED' } }, 'refused'],
    [{ cause: { code: 'ENOENT' } }, 'refused'],
    [{ cause: { code: 'ECONNRESET' } }, 'failed'],
    [{ sqlstate: '57P03' }, 'failed'],
    [{}, 'silent'],
  ])('%j', ({ cause, sqlstate }: { cause?: { code: string }; sqlstate?: string }, reach) => {
    const error = new OpError('postgres_unreachable', 'x', {
      ...(cause === undefined ? {} : { cause: Object.assign(new Error('x'), cause) }),
      ...(sqlstate === undefined ? {} : { details: { sqlstate } }),
    });

    expect(sqlReach(error)).toBe(reach);
  });
});

describe('whom commits wait for', () => {
  it.each([
    ['', [], []],
    ['"n3"', ['n3'], ['n3']],
    // Nobody of them is connected: they are waited for all the same.
    ['"n3"', [], ['n3']],
    ['2 ("n2","n3")', [], ['n2', 'n3']],
    ['ANY 1 (n2, "odd ""name")', [], ['n2', 'odd "name']],
    // Of a quorum anybody may have confirmed, also who is away now.
    ['ANY 1 ("n2","n3")', ['n3'], ['n2', 'n3']],
    ['*', [], null],
  ])('%s with %j', (names, connected, expected) => {
    expect(waitedFor(names, connected)).toEqual(expected);
  });
});
