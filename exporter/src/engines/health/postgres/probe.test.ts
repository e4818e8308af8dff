import { OpError } from '../../../contract/errors.ts';
import { describeFailure, judgeStanding, type StandingRow } from './probe.ts';

const limit = { lagDegradedSeconds: 10 };
const primary: StandingRow = {
  version: '15.18 (Debian 15.18-0+deb12u1)',
  standby: false,
  replayed_all: null,
  receiving: null,
  replay_age: null,
};
const standby: StandingRow = { ...primary, standby: true, replayed_all: true, receiving: true, replay_age: 3600 };

describe('a PostgreSQL server that answers', () => {
  it.each<[string, StandingRow, string, string]>([
    ['a primary', primary, 'healthy', 'PostgreSQL 15.18, primary'],
    ['a standby of an idle primary', standby, 'healthy', 'PostgreSQL 15.18, standby, all received is replayed'],
    [
      'a standby that replays a little behind',
      { ...standby, replayed_all: false, replay_age: 1.25 },
      'healthy',
      'PostgreSQL 15.18, standby, 1.3 s behind',
    ],
    [
      'a standby that is too far behind',
      { ...standby, replayed_all: false, replay_age: 60 },
      'degraded',
      'PostgreSQL 15.18, standby, 60.0 s behind, allowed are 10 s',
    ],
    [
      'a standby whose link is cut',
      { ...standby, receiving: false, replay_age: 5 },
      'degraded',
      'PostgreSQL 15.18, standby that receives nothing, newest transaction 5 s old',
    ],
    [
      'a standby that never replayed a transaction',
      { ...standby, replayed_all: null, receiving: true, replay_age: null },
      'degraded',
      'PostgreSQL 15.18, standby, its lag is not known',
    ],
  ])('is judged: %s', (_, row, state, detail) => {
    expect(judgeStanding(row, limit)).toEqual({ state, answered: true, detail });
  });
});

describe('a PostgreSQL server that does not', () => {
  const failed = (sqlstate: string | null, message: string) =>
    new OpError(
      sqlstate === null ? 'postgres_unreachable' : 'postgres_failed',
      message,
      sqlstate === null ? {} : { details: { sqlstate } },
    );

  it.each([
    ['28P01', 'password authentication failed for user "genesis"', 'error', true],
    ['28000', 'no pg_hba.conf entry for host', 'error', true],
    ['3D000', 'database "shop" does not exist', 'error', true],
    ['57P03', 'the database system is starting up', 'unhealthy', true],
    ['53300', 'sorry, too many clients already', 'unhealthy', true],
    ['57014', 'canceling statement due to statement timeout', 'unhealthy', true],
    [null, 'connect ECONNREFUSED 127.0.0.1:5432', 'unhealthy', false],
  ])('with %s (%s) is %s', (sqlstate, message, state, answered) => {
    expect(describeFailure(failed(sqlstate, message), null)).toEqual({ state, answered, detail: message });
  });

  it('never quotes the password', () => {
    expect(describeFailure(failed(null, 'bad option hunter2'), 'hunter2').detail).toBe('bad option ***');
  });
});
