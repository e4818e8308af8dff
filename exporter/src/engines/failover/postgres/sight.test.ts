import { OpError } from '../../../contract/errors.ts';
import { failureOf } from './probe.ts';
import { parseStat, postmastersOf, sightAmong } from './sight.ts';

type Seen = Parameters<typeof sightAmong>[0][number];

function seen(pid: number, parent: number, folder: string | null, command: readonly string[] = ['postgres: x ']): Seen {
  return { pid, parent, started: String(pid), frozen: false, folder, command };
}

describe('processes of a data folder', () => {
  it('are those that work in it, whoever started them', () => {
    const sight = sightAmong([seen(10, 1, '8:1'), seen(11, 10, '8:1'), seen(12, 1, '8:2')], '8:1', '/data');

    expect(sight.processes.map(({ pid }) => pid)).toEqual([10, 11]);
    expect(postmastersOf(sight.processes).map(({ pid }) => pid)).toEqual([10]);
    expect(sight.hidden).toEqual([]);
  });

  it('may be those whose folder is hidden, unless their postmaster names another one', () => {
    const other = seen(20, 1, null, ['/usr/bin/postgres', '-D', '/other']);

    expect(sightAmong([seen(21, 20, null), other], '8:1', '/data').hidden).toEqual([]);
    expect(sightAmong([seen(22, 1, null)], '8:1', '/data').hidden).toEqual([22]);
  });

  it('left by a killed postmaster are all heads of their own', () => {
    const { processes } = sightAmong([seen(11, 1, '8:1'), seen(12, 1, '8:1')], '8:1', '/data');

    expect(postmastersOf(processes)).toHaveLength(2);
  });

  it('that have ended and were not buried are none; frozen ones are told', () => {
    const rest = `${'0 '.repeat(17)}4711 0`;

    expect(parseStat(7, `7 (postgres) Z 1 ${rest}`)).toBeNull();
    expect(parseStat(7, `7 (a) b) T 1 ${rest}`)).toEqual({ pid: 7, parent: 1, started: '4711', frozen: true });
  });
});

describe('a probe that got no answer', () => {
  const unreachable = (message: string, code: string): OpError =>
    new OpError('postgres_unreachable', message, { cause: Object.assign(new Error(message), { code }) });

  const said = (sqlstate: string): OpError => new OpError('postgres_failed', 'no', { details: { sqlstate } });

  it.each([
    ['nobody listens', unreachable('connect ECONNREFUSED', 'ECONNREFUSED'), 'refused'],
    ['its socket is not there', unreachable('connect ENOENT', 'ENOENT'), 'refused'],
    ['its network is gone', unreachable('connect EHOSTUNREACH', 'EHOSTUNREACH'), 'silent'],
    ['the time is up', new OpError('cancelled', 'the session was cancelled'), 'silent'],
    ['it closed the connection', unreachable('read ECONNRESET', 'ECONNRESET'), 'failed'],
    [
      'it is starting',
      new OpError('postgres_unreachable', 'the database system is starting up', { details: { sqlstate: '57P03' } }),
      'failed',
    ],
    ['it refuses the login', said('28P01'), 'answered'],
    ['pg_hba.conf rejects us', said('28000'), 'answered'],
    ['it does not have the database', said('3D000'), 'answered'],
    ['the role lacks a right', said('42501'), 'answered'],
    ['all connections are taken', said('53300'), 'silent'],
    ['the statement took too long', said('57014'), 'silent'],
    ['its disk is full', said('53100'), 'failed'],
    [
      'the file of the authority is not there',
      new OpError('postgres_unreachable', 'cannot read the authority', {
        cause: Object.assign(new Error('ENOENT'), { code: 'ENOENT', syscall: 'open' }),
      }),
      'failed',
    ],
  ])('%s', (_what, error, reach) => {
    expect(failureOf(error, 2).reach).toBe(reach);
  });

  it('is refused where every address of its name refuses, and not where only one does', () => {
    const attempt = (...codes: string[]): OpError => {
      const errors = codes.map((code) => Object.assign(new Error(code), { code }));
      return new OpError('postgres_unreachable', 'no address', { cause: new AggregateError(errors) });
    };

    expect(failureOf(attempt('ECONNREFUSED', 'ECONNREFUSED'), 2).reach).toBe('refused');
    expect(failureOf(attempt('ECONNREFUSED', 'ETIMEDOUT'), 2).reach).toBe('failed');
  });
});
