import type { Service } from '../api/types.ts';
import { repositoryRows } from './repositories.ts';

const at = '2026-11-22T02:00:00.000Z';
const error = { code: 'repository_unreadable' as const, message: 'the folder is gone', hint: 'mount it' };
const newest = {
  id: 'b1',
  endedAt: '2026-11-22T01:00:00.000Z',
  startedAt: '2026-11-22T00:59:00.000Z',
  storedBytes: 1,
  bytes: 1,
  durationSeconds: 60,
};

type Facts = Parameters<typeof repositoryRows>[0];
type Copy = Service['copies'][number];

function factsOf(change: Partial<Facts>): Facts {
  const backups = {
    byType: [],
    newest,
    newestVerifiedAt: null,
    oldestStartedAt: null,
    count: 1,
    storedBytes: 1,
    newestVerifyFailed: false,
  };
  return {
    backups: { known: true, at, value: backups },
    repository: { known: true, at, value: { freeBytes: 10, totalBytes: 20 } },
    copies: [],
    backupAgeThresholdSeconds: 7_200,
    ...change,
  };
}

function copyOf(change: object): Copy {
  const value = {
    connected: true,
    lagSeconds: 0,
    queue: 0,
    newestBackupEndedAt: at,
    freeBytes: null,
    sameDisk: false,
    ...change,
  };
  return { name: 'far', path: '/far', facts: { known: true, at, value } };
}

it('says how fresh the repository is, and that an old one is too old', () => {
  expect(repositoryRows(factsOf({}))[0]).toMatchObject({ state: 'current', newestAt: newest.endedAt, freeBytes: 10 });
  expect(repositoryRows(factsOf({ backupAgeThresholdSeconds: 60 }))[0]?.state).toBe('old');
});

it('never takes what it does not know for nothing', () => {
  const gone = { known: false, at, error } as const;

  expect(repositoryRows(factsOf({ repository: gone }))[0]).toMatchObject({
    state: 'unknown',
    why: 'the folder is gone',
    lagSeconds: null,
    queue: null,
    freeBytes: null,
  });
  const copies: Copy[] = [{ name: 'far', path: '/far', facts: gone }];
  expect(repositoryRows(factsOf({ copies }))[1]).toMatchObject({ state: 'unknown', newestAt: null, queue: null });
});

it.each([
  ['current', {}],
  ['behind', { queue: 2, lagSeconds: 60 }],
  ['same_disk', { sameDisk: true }],
  ['empty', { newestBackupEndedAt: null }],
] as const)('a copy is %s with %j', (state, change) => {
  expect(repositoryRows(factsOf({ copies: [copyOf(change)] }))[1]?.state).toBe(state);
});

it('does not repeat what was last read of a copy that is gone', () => {
  const rows = repositoryRows(factsOf({ copies: [copyOf({ connected: false, queue: 0 })] }));

  expect(rows[1]).toMatchObject({ state: 'disconnected', lagSeconds: null, queue: null });
});
