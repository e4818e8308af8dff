import { readFileSync } from 'node:fs';
import type { DrillLevel } from '../../contract/operation.ts';
import { judgeCanary } from './data-check.ts';
import { disarmingStatements } from './disarm.ts';
import { finishLevels, judgeRecovery, standsFor } from './levels.ts';
import { parseVersion } from './programs.ts';
import type { SandboxFacts } from './sandbox.ts';
import { logTail, lsnBytes, readRecoveryLog } from './server-log.ts';
import { isoOf, quoteIdentifier, quoteQualified } from './types.ts';

const at = '2026-11-22T02:00:00.000Z';

function levelOf(level: DrillLevel['level'], result: DrillLevel['result']): DrillLevel {
  return { level, name: 'x', result, seconds: 1, detail: 'd' };
}

test('every level is told of once; what rests on a failed one is skipped', () => {
  const levels = finishLevels([levelOf(1, 'passed'), levelOf(2, 'failed')], 4);

  expect(levels.map((l) => `${l.level} ${l.result} ${l.detail}`)).toEqual([
    '1 passed d',
    '2 failed d',
    '3 skipped level 2 did not pass',
    '4 skipped level 2 did not pass',
    '5 skipped not configured',
  ]);
});

test('a wanted level that nobody looked at has failed', () => {
  expect(finishLevels([levelOf(1, 'passed'), levelOf(2, 'passed')], 3)[2]).toMatchObject({
    level: 3,
    result: 'failed',
  });
  expect(finishLevels([], 2)[0]).toMatchObject({ level: 1, result: 'failed', detail: 'it was not looked at' });
});

const facts: SandboxFacts = {
  version: '15.18',
  archiveRecovery: true,
  checksums: true,
  timeline: 2,
  redoFrom: '0/2000028',
  redoTo: '0/3000000',
  replayedBytes: 16_777_176,
  segmentsRestored: 2,
  stopped: null,
  startSeconds: 0.1,
  recoverSeconds: 1.25,
  notes: ['own network namespace'],
};

test('recovery to the end says how much was replayed', () => {
  expect(judgeRecovery({ type: 'latest' }, { recoveredTo: at, facts })).toEqual({
    sound: true,
    detail:
      'PostgreSQL 15.18 recovered to latest in 1.3 s; to the end of WAL; 16777176 bytes of WAL replayed from 0/2000028 to 0/3000000, ' +
      `2 segments from the archive; last transaction ${at}; timeline 2; own network namespace`,
  });
});

test('a target that replay never stopped at was not reached, whatever the server does afterwards', () => {
  const recovered = { recoveredTo: at, facts };
  const stopped = { recoveredTo: at, facts: { ...facts, stopped: 'recovery stopping before commit of transaction 9' } };

  expect(judgeRecovery({ type: 'time', at }, recovered).sound).toBe(false);
  expect(judgeRecovery({ type: 'time', at }, stopped).sound).toBe(true);
  expect(
    judgeRecovery({ type: 'xid', xid: '9' }, { ...stopped, facts: { ...stopped.facts, archiveRecovery: false } }).sound,
  ).toBe(false);
});

test('a folder without WAL to replay has only been started', () => {
  const clean = { ...facts, archiveRecovery: false, redoFrom: null, redoTo: null, replayedBytes: null };

  expect(judgeRecovery({ type: 'latest' }, { recoveredTo: null, facts: clean }).detail).toMatch(
    /^PostgreSQL 15\.18 started in 1\.3 s; nothing had to be replayed; timeline 2/,
  );
});

test('what moment the restored state stands for', () => {
  const request = { startedAt: '2026-11-22T03:00:00.000Z', consistentAt: '2026-11-22T01:00:00.000Z' };

  expect(standsFor({ ...request, target: { type: 'latest' } }, null)).toBe(request.startedAt);
  expect(standsFor({ ...request, target: { type: 'latest' }, promote: false }, null)).toBe(request.consistentAt);
  expect(standsFor({ ...request, target: { type: 'time', at } }, null)).toBe(at);
  expect(standsFor({ ...request, target: { type: 'immediate' } }, null)).toBe(request.consistentAt);
  expect(standsFor({ ...request, target: { type: 'lsn', lsn: '0/1' } }, at)).toBe(at);
  expect(standsFor({ ...request, target: { type: 'name', name: 'x' } }, null)).toBeNull();
});

test.each<
  [string, Parameters<typeof judgeCanary>[1], Parameters<typeof judgeCanary>[2]['target'], string | null, boolean]
>([
  ['fresh enough', '2026-11-22T01:59:00.000Z', { type: 'latest' }, at, true],
  ['at its limit', '2026-11-22T01:58:00.000Z', { type: 'latest' }, at, true],
  ['too old', '2026-11-22T01:57:59.999Z', { type: 'latest' }, at, false],
  ['written while the drill began', '2026-11-22T02:00:01.000Z', { type: 'latest' }, at, true],
  ['written by a clock that is a little ahead', '2026-11-22T02:00:50.000Z', { type: 'latest' }, at, true],
  ['written while a clock was an hour ahead', '2026-11-22T03:00:00.000Z', { type: 'latest' }, at, false],
  ['newer than the moment that was asked for', '2026-11-22T02:00:00.001Z', { type: 'time', at }, at, false],
  ['no row', null, { type: 'latest' }, at, false],
  ['nothing to compare with', at, { type: 'immediate' }, null, false],
  ['not a moment', 'infinity', { type: 'latest' }, at, false],
])('canary: %s', (_name, newest, target, moment, good) => {
  expect(
    judgeCanary('genesis.heartbeat', newest, {
      target,
      standsFor: moment,
      nowMs: Date.parse(at),
      settings: { maxAgeSeconds: 120 },
    }).good,
  ).toBe(good);
});

test('event triggers are switched off before what would set them off, and no publisher is reached', () => {
  const statements = disarmingStatements({ triggers: ['a"b'], subscriptions: ['feed'], wrappers: ['postgres_fdw'] });

  expect(statements).toEqual([
    'ALTER EVENT TRIGGER "a""b" DISABLE',
    'ALTER SUBSCRIPTION "feed" DISABLE',
    'ALTER SUBSCRIPTION "feed" SET (slot_name = NONE)',
    'ALTER FOREIGN DATA WRAPPER "postgres_fdw" NO HANDLER',
  ]);
});

function recordedLog(name: string): string {
  return readFileSync(new URL(`./testdata/log-${name}-postgresql-15.18.txt`, import.meta.url), 'utf8');
}

test('the log of a recovery that went well', () => {
  expect(readRecoveryLog(recordedLog('recovered'))).toEqual({
    redoFrom: '0/2000028',
    redoTo: '0/2000100',
    stopped: null,
    lastTransactionAt: null,
    timeline: 2,
    segmentsRestored: 2,
    fatal: null,
  });
});

test('the log of a target that was not reached', () => {
  expect(readRecoveryLog(recordedLog('target-not-reached'))).toMatchObject({
    timeline: null,
    fatal: 'recovery ended before configured recovery target was reached',
  });
});

test('clients that came too early and a stop that was asked for are no reasons', () => {
  const prefix = '2026-11-22 12:00:00.000 UTC [1]';

  expect(readRecoveryLog(`${prefix} FATAL:  the database system is starting up\n`).fatal).toBeNull();
  expect(readRecoveryLog(`${prefix} FATAL:  terminating connection due to administrator command\n`).fatal).toBeNull();
  expect(readRecoveryLog(`${prefix} PANIC:  could not locate a valid checkpoint record\n`).fatal).toBe(
    'could not locate a valid checkpoint record',
  );
  expect(logTail(`a\n\n${'b'.repeat(600)}\n`, 1)).toEqual(['b'.repeat(500)]);
});

test('positions, moments, names and versions', () => {
  expect(lsnBytes('2/3000028')).toBe(2n * 2n ** 32n + 0x3000028n);
  expect(isoOf('2026-11-22 02:00:00.123999+00')).toBe('2026-11-22T02:00:00.123Z');
  expect(isoOf('infinity')).toBe('infinity');
  expect(quoteIdentifier('a"b')).toBe('"a""b"');
  expect(quoteQualified('shop.or.ders')).toBe('"shop"."or.ders"');
  expect(parseVersion('pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n')).toEqual({
    version: '15.18',
    major: 15,
  });
  expect(parseVersion('postgres (PostgreSQL) 17beta1\n')).toEqual({ version: '17beta1', major: 17 });
  expect(parseVersion('psql of something else 3')).toBeNull();
});
