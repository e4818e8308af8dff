import { readFileSync } from 'node:fs';
import type { FailoverNode } from '../port.ts';
import { isSameServer, needsSegments, parseSyncNames, standingOf, type StandingRow } from './standing.ts';

const recorded = JSON.parse(
  readFileSync(new URL('./testdata/standing-15.18.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, StandingRow>>;

function row(name: string, changes: Partial<StandingRow> = {}): StandingRow {
  const found = recorded[name];
  if (found === undefined) throw new Error(`nothing was recorded as ${name}`);
  return { ...found, ...changes };
}

const server = { host: '127.0.0.1', port: 5432, user: 'g', password: null, database: 'postgres', tlsCa: null };
const nodes = [{ name: 'a', server }] as unknown as readonly FailoverNode[];

describe('what a server says about itself', () => {
  it('a primary takes writes, has written so far, and names those whose confirmation it waits for', () => {
    expect(standingOf(row('primary-first'), nodes)).toEqual({
      role: 'primary',
      writable: true,
      timeline: 1,
      receivedBytes: 67_108_864,
      replayedBytes: null,
      upstream: null,
      upstreamSilentSeconds: null,
      synchronousStandbys: ['b'],
      systemId: '7711040988714374488',
      problem: null,
    });
  });

  it('of a quorum everyone is named: nobody knows whose word it was', () => {
    expect(standingOf(row('primary-quorum'), nodes).synchronousStandbys).toEqual(['b', 'c']);
  });

  it('a standby names the node that it streams from', () => {
    const standing = standingOf(row('standby'), nodes);

    expect(standing).toMatchObject({ role: 'standby', writable: false, upstream: 'a', problem: null });
    expect(standing.upstreamSilentSeconds).toBeCloseTo(0.45, 1);
  });

  it('a standby whose upstream is gone has the timeline of its newest segment, and says that it receives nothing', () => {
    expect(needsSegments(row('standby-alone'))).toBe(true);
    expect(standingOf(row('standby-alone'), nodes, 3)).toMatchObject({
      timeline: 3,
      upstream: null,
      upstreamSilentSeconds: null,
      receivedBytes: 67_109_024,
      problem: 'it receives nothing: it streams from nobody',
    });
  });

  it('a timeline that nobody can tell is not known', () => {
    expect(standingOf(row('standby-alone'), nodes).timeline).toBeNull();
  });

  it('a primary that refuses writes is not writable', () => {
    expect(standingOf(row('promoted', { readWrite: false }), nodes)).toMatchObject({
      role: 'primary',
      writable: false,
      problem: expect.stringContaining('default_transaction_read_only'),
    });
  });

  it('an upstream that is no node of the service is named in the problem alone', () => {
    const standing = standingOf(row('standby', { senderHost: 'db9' }), nodes);

    expect(standing.upstream).toBeNull();
    expect(standing.problem).toContain('db9:5432');
  });

  it('a role that sees nothing of others knows of no synchronous standbys', () => {
    const standing = standingOf(row('primary-first', { mayMonitor: false, senders: null }), nodes);

    expect(standing.synchronousStandbys).toBeNull();
    expect(standing.problem).toContain('pg_monitor');
  });
});

describe('whose confirmation a commit waits for', () => {
  const named = (changes: Partial<StandingRow>): readonly string[] | null =>
    standingOf(row('primary-first', changes), nodes).synchronousStandbys;

  it.each([
    ['nobody is listed', { syncNames: '', senders: null }, []],
    ['the session does not wait', { syncCommit: 'local' }, []],
    ['nobody is connected: everyone who is listed', { senders: null }, ['b', 'c']],
    ['fewer are connected than are waited for', { syncNames: 'FIRST 2 (b, c)' }, ['b', 'c']],
    ['a star, and nobody is connected', { syncNames: '*', senders: null }, null],
    ['a star, and one is connected', { syncNames: '*' }, ['b']],
  ] as const)('%s', (_what, changes, expected) => {
    expect(named(changes)).toEqual(expected);
  });

  it.each([
    ['FIRST 2 (a, b)', { method: 'first', needed: 2, names: ['a', 'b'] }],
    ['any 1 ("a-1", b)', { method: 'any', needed: 1, names: ['a-1', 'b'] }],
    ['2 (a, b)', { method: 'first', needed: 2, names: ['a', 'b'] }],
    ['a, b', { method: 'first', needed: 1, names: ['a', 'b'] }],
    [' ', null],
  ])('%s', (text, expected) => {
    expect(parseSyncNames(text)).toEqual(expected);
  });
});

it.each([
  ['127.0.0.1', 5432, true],
  ['/var/run/postgresql', 5432, true],
  ['localhost', 5433, false],
  ['10.0.0.1', 5432, false],
])('%s:%i and the loopback address are one server: %s', (host, port, expected) => {
  expect(isSameServer(server, host, port)).toBe(expected);
});
