import type { Operation } from '@genesis-dr/exporter/contract';
import {
  backupOf,
  cancelRefusal,
  elapsedSeconds,
  groupOperations,
  isInPlace,
  progressShare,
  restoredFolderOf,
  stepViews,
} from './operation-view.ts';

const now = Date.parse('2026-11-22T12:00:00Z');

function operationWith(change: Partial<Operation> = {}): Operation {
  return {
    id: 'op-1',
    kind: 'backup',
    service: 'shop',
    params: {},
    actor: { name: 'ada', role: 'operator', via: 'session' },
    reason: null,
    idempotencyKey: null,
    state: 'running',
    createdAt: '2026-11-22T11:58:00Z',
    startedAt: '2026-11-22T11:59:00Z',
    endedAt: null,
    steps: [],
    progress: null,
    result: null,
    error: null,
    ...change,
  };
}

describe('an operation as a page shows it', () => {
  it('stands with the running ones while it is queued or runs', () => {
    const operations = [operationWith({ state: 'failed' }), operationWith({ state: 'queued' }), operationWith()];

    const { running, past } = groupOperations(operations);

    expect(running.map(({ state }) => state)).toEqual(['queued', 'running']);
    expect(past.map(({ state }) => state)).toEqual(['failed']);
  });

  it('has taken as long as it ran, not as long as it waited', () => {
    expect(elapsedSeconds(operationWith(), now)).toBe(60);
    expect(elapsedSeconds(operationWith({ endedAt: '2026-11-22T11:59:30Z' }), now)).toBe(30);
    expect(elapsedSeconds(operationWith({ startedAt: null }), now)).toBeNull();
  });

  it('says of a step that was cut off that its length is not known', () => {
    const steps = [
      { name: 'copy', state: 'running' as const, startedAt: '2026-11-22T11:59:00Z', endedAt: null, detail: null },
    ];

    expect(stepViews(operationWith({ steps }), now)[0]).toMatchObject({ state: 'running', seconds: 60 });
    expect(stepViews(operationWith({ steps, state: 'interrupted' }), now)[0]).toMatchObject({
      state: 'unfinished',
      seconds: null,
    });
  });

  it('has no share of a total that is not known', () => {
    const progress = { phase: 'copy', entriesDone: 1, bytesDone: 50, bytesPerSecond: null, secondsLeft: null };

    expect(progressShare({ ...progress, bytesTotal: null })).toBeNull();
    expect(progressShare({ ...progress, bytesTotal: 0 })).toBeNull();
    expect(progressShare({ ...progress, bytesTotal: 100 })).toBe(0.5);
    expect(progressShare({ ...progress, bytesTotal: 40 })).toBe(1);
    expect(progressShare(null)).toBeNull();
  });

  it('names the backup and the folder where the journal does', () => {
    expect(backupOf(operationWith({ result: { backupId: 'b1' } }))).toBe('b1');
    expect(backupOf(operationWith({ params: { backupId: 'b2' } }))).toBe('b2');
    expect(backupOf(operationWith())).toBeNull();
    expect(restoredFolderOf(operationWith({ kind: 'restore', result: { target: '/r/x' } }))).toBe('/r/x');
    expect(restoredFolderOf(operationWith({ kind: 'restore', result: { target: 'in place' } }))).toBeNull();
  });
});

describe('who may cancel', () => {
  it.each([
    ['an admin anything', { name: 'root', role: 'admin' }, operationWith(), null],
    ['an operator what they started', { name: 'ada', role: 'operator' }, operationWith(), null],
    ['an operator nothing of others', { name: 'bob', role: 'operator' }, operationWith(), 'others'],
    ['a viewer nothing', { name: 'ada', role: 'viewer' }, operationWith(), 'role'],
    ['nobody what has ended', { name: 'root', role: 'admin' }, operationWith({ state: 'succeeded' }), 'ended'],
    ['nobody while it is not known who asks', null, operationWith(), 'role'],
  ])('%s', (_words, me, operation, why) => {
    expect(cancelRefusal(operation, me)).toBe(why);
  });

  it('an operator not what the schedule started, also under the same name', () => {
    const scheduled = operationWith({ actor: { name: 'ada', role: 'system', via: 'schedule' } });

    expect(cancelRefusal(scheduled, { name: 'ada', role: 'operator' })).toBe('others');
  });
});

it('tells a restore in place from others', () => {
  expect(isInPlace(operationWith({ kind: 'restore', params: { target: { kind: 'in_place' } } }))).toBe(true);
  expect(isInPlace(operationWith({ kind: 'restore', params: { target: { kind: 'folder' } } }))).toBe(false);
  expect(isInPlace(operationWith())).toBe(false);
});
