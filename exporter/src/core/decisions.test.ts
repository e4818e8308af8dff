import { chooseBackup, newestUsable } from './backup-choice.ts';
import { findConflict } from './conflicts.ts';
import type { JobName } from './schedule.ts';
import { entryWith, operationWith } from './testing.ts';
import { decideWork, type WorkInput } from './work.ts';

const now = new Date('2026-03-05T08:00:00Z');
const component = {
  name: 'data',
  status: 'completed' as const,
  entries: 1,
  bytes: 1,
  addedBytes: 1,
  storedBytes: 1,
  warnings: 0,
  skipped: {},
  error: null,
};
const policy = { componentNames: ['data'], encrypted: false, keyFingerprint: null };

describe('chooseBackup', () => {
  const full = entryWith({ id: 'f', components: [component], startedAt: '2026-03-01T00:00:00.000Z' });
  const incremental = entryWith({
    id: 'i',
    type: 'incremental',
    parent: 'f',
    components: [component],
    startedAt: '2026-03-02T00:00:00.000Z',
  });

  it('builds an incremental upon the newest usable backup', () => {
    expect(chooseBackup('incremental', [full, incremental], policy)).toEqual({
      type: 'incremental',
      parent: 'i',
      changedBecause: null,
    });
  });

  it('makes a full when there is nothing sound to build upon, and says why', () => {
    expect(chooseBackup('incremental', [], policy).changedBecause).toBe('there is no backup to build upon');
    expect(chooseBackup('incremental', [{ ...full, verifyResult: 'failed' }, incremental], policy).changedBecause).toBe(
      'no sound chain to build upon',
    );
    expect(chooseBackup('incremental', [full], { ...policy, encrypted: true }).changedBecause).toBe(
      'encryption was switched on',
    );
    expect(chooseBackup('incremental', [full], { ...policy, componentNames: ['data', 'config'] }).changedBecause).toBe(
      'component config is not in f',
    );
  });

  it('does not call a backup usable whose ancestor is gone or damaged', () => {
    expect(newestUsable([incremental])).toBeNull();
    expect(newestUsable([{ ...full, verifyResult: 'failed' }, incremental])).toBeNull();
    expect(newestUsable([full, { ...incremental, verifyResult: 'failed' }])?.id).toBe('f');
  });
});

describe('findConflict', () => {
  const ask = (
    kind: 'backup' | 'drill' | 'verify' | 'delete' | 'restore',
    inPlace = false,
    subject: string | null = null,
  ) => ({ kind, service: 'files', inPlace, makesBackup: false, subject });

  it('lets a drill run beside a backup, but nothing beside a restore in place or a deletion', () => {
    const backup = operationWith({ kind: 'backup' });
    const inPlace = operationWith({ kind: 'restore', params: { target: { kind: 'in_place' } } });

    expect(findConflict(ask('drill'), [backup])).toBeNull();
    expect(findConflict(ask('backup'), [backup])).toBe(backup);
    expect(findConflict(ask('drill'), [inPlace])).toBe(inPlace);
    expect(findConflict(ask('delete'), [operationWith({ kind: 'verify', params: { backupId: 'x' } })])).not.toBeNull();
  });

  it('takes a copy that is backed up into for the backup that it is', () => {
    const copy = operationWith({ kind: 'copy', params: { makesBackup: true } });

    expect(findConflict(ask('backup'), [copy])).toBe(copy);
    expect(findConflict(ask('drill'), [copy])).toBeNull();
    expect(findConflict(ask('backup'), [operationWith({ kind: 'copy' })])).toBeNull();
  });

  it('looks only at the same service, and lets different backups be verified at once', () => {
    expect(findConflict({ ...ask('backup'), service: 'other' }, [operationWith({})])).toBeNull();
    const verify = operationWith({ kind: 'verify', params: { backupId: 'a' } });
    expect(findConflict(ask('verify', false, 'a'), [verify])).toBe(verify);
    expect(findConflict(ask('verify', false, 'b'), [verify])).toBeNull();
  });
});

describe('decideWork', () => {
  const schedules = [
    { job: 'full' as const, cron: '0 2 * * *', timezone: 'UTC' },
    { job: 'incremental' as const, cron: '*/30 * * * *', timezone: 'UTC' },
    { job: 'drill' as const, cron: '0 4 * * 0', timezone: 'UTC' },
  ];
  const handled = new Map<JobName, Date>([
    ['full', now],
    ['incremental', now],
    ['drill', now],
  ]);
  const calm: WorkInput = {
    service: 'files',
    hasComponents: true,
    schedules,
    lastHandled: handled,
    paused: false,
    entries: [entryWith({ id: 'f' })],
    drills: [],
    running: [],
    copiesBehind: false,
    lastBackupAttemptAt: null,
    lastDrillAttemptAt: now,
    lastCopyAttemptAt: null,
  };
  const kinds = (input: WorkInput): string[] =>
    decideWork(input, now).map((w) => (w.kind === 'backup' ? w.type : w.kind));

  it('does nothing when nothing is due', () => {
    expect(kinds(calm)).toEqual([]);
  });

  it('makes the first full at once, and drills as soon as there is something to restore', () => {
    expect(kinds({ ...calm, entries: [] })).toEqual(['full']);
    expect(kinds({ ...calm, lastDrillAttemptAt: null })).toEqual(['drill']);
  });

  it('starts nothing on a guess: unknown entries or drills hold', () => {
    expect(kinds({ ...calm, entries: null, drills: null, lastDrillAttemptAt: null })).toEqual([]);
  });

  it('lets one full serve an incremental that is due at the same time', () => {
    const yesterday = new Date('2026-03-04T01:00:00Z');
    const work = decideWork(
      {
        ...calm,
        lastHandled: new Map<JobName, Date>([
          ['full', yesterday],
          ['incremental', yesterday],
          ['drill', now],
        ]),
      },
      now,
    );

    expect(work).toEqual([
      {
        kind: 'backup',
        type: 'full',
        reason: 'scheduled for 2026-03-04T02:00:00.000Z',
        handles: ['full', 'differential', 'incremental'],
      },
    ]);
  });

  it('never starts a second of the same while one runs, and retries a failed first backup only after a while', () => {
    expect(kinds({ ...calm, entries: [], running: [operationWith({ kind: 'backup' })] })).toEqual([]);
    expect(kinds({ ...calm, entries: [], lastBackupAttemptAt: new Date(+now - 60_000) })).toEqual([]);
    expect(kinds({ ...calm, entries: [], lastBackupAttemptAt: new Date(+now - 600_000) })).toEqual(['full']);
  });

  it('brings copies up to date, and holds everything while paused', () => {
    expect(kinds({ ...calm, copiesBehind: true })).toEqual(['copy']);
    expect(kinds({ ...calm, copiesBehind: true, entries: [], paused: true })).toEqual([]);
  });

  it('remembers where a schedule stands at first sight', () => {
    expect(decideWork({ ...calm, lastHandled: new Map() }, now)).toEqual([
      { kind: 'baseline', reason: 'first start, or the clock was set back', handles: ['full', 'incremental', 'drill'] },
    ]);
  });
});
