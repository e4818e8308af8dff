import { fail, ok, type Outcome } from '../contract/errors.ts';
import type { BackupEngine, RepositoryProbe } from '../engines/backup/port.ts';
import { connectionProblem } from './mounts.ts';

const cloud = {
  name: 'cloud',
  ref: { path: '/shop', key: null },
  offsite: true,
  mountpoint: false,
  remote: true,
};

function engineThat(probe: Outcome<RepositoryProbe>): BackupEngine {
  return { probe: () => Promise.resolve(probe) } as unknown as BackupEngine;
}

const space = { freeBytes: null, totalBytes: null };

it.each([
  ['refused', false, fail('repository_unreadable', 'the store refuses the key'), 'the store refuses the key'],
  ['refused', true, fail('repository_unreadable', 'the store refuses the key'), 'the store refuses the key'],
  ['empty', false, ok({ state: 'empty' as const, ...space }), null],
  ['empty', true, ok({ state: 'empty' as const, ...space }), '/shop of copy cloud is not there or not mounted'],
  ['ready', true, ok({ state: 'ready' as const, ...space }), null],
])(
  'tells why a copy in a store is not connected: %s, a repository there before: %s',
  async (_, seen, probe, problem) => {
    expect(await connectionProblem(cloud, seen, engineThat(probe))).toBe(problem);
  },
);
