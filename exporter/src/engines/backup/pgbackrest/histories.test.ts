import { ok } from '../../../contract/errors.ts';
import type { Exec } from '../../../ports/index.ts';
import { readHistories } from './histories.ts';
import type { ArchiveListing } from './segments.ts';
import type { Session } from './session.ts';
import { stanzaWith } from './test-support.ts';

const minuteMs = 60_000;

function repository() {
  const state = { nowMs: 0, text: '1\t0/5000100\tno recovery target specified\n', asked: [] as string[] };
  const exec: Exec = {
    run: (_, args) => {
      state.asked.push(args.at(-1) ?? '');
      return Promise.resolve(ok({ exitCode: 0, stdout: state.text, stderr: '', truncated: false }));
    },
  };
  const clock = { now: () => new Date(state.nowMs), sleep: () => Promise.resolve() };
  const session = (repo = 1): Session => ({
    deps: { exec, clock } as unknown as Session['deps'],
    stanza: stanzaWith(),
    version: '2.45',
    repo,
    place: { name: 'repository', path: '/srv/repo', remote: null, passphrase: null },
    configFile: '/srv/engine/pgbackrest.conf',
    signal: new AbortController().signal,
  });
  return { state, session };
}
const listing = (...names: readonly string[]): ArchiveListing => ({
  files: names.map((name) => ({ path: name, name, bytes: 40, atMs: 5000 })),
});
const second = '00000002.history';
const forks = [{ parent: 1, lsn: 0x5000100n }];

describe('timeline histories', () => {
  it('are read once while they stand there as they were', async () => {
    const { state, session } = repository();

    expect(await readHistories(session(), '15-1', listing(second))).toEqual(ok(new Map([[2, forks]])));
    state.nowMs = minuteMs;
    expect(await readHistories(session(), '15-1', listing(second))).toEqual(ok(new Map([[2, forks]])));

    expect(state.asked).toEqual(['archive/main/15-1/00000002.history']);
  });

  it.each<[string, (state: ReturnType<typeof repository>['state']) => ArchiveListing, number, string]>([
    ['after a while', (state) => ((state.nowMs = 11 * minuteMs), listing(second)), 1, '15-1'],
    ['when the clock was set back', (state) => ((state.nowMs = -minuteMs), listing(second)), 1, '15-1'],
    [
      'when the file is another one',
      () => ({ files: [{ path: second, name: second, bytes: 41, atMs: 5000 }] }),
      1,
      '15-1',
    ],
    ['in another repository', () => listing(second), 2, '15-1'],
    ['of another cluster', () => listing(second), 1, '16-2'],
  ])('are read anew %s', async (_, change, repo, id) => {
    const { state, session } = repository();
    await readHistories(session(), '15-1', listing(second));
    state.text = '1\t0/7000100\tno recovery target specified\n';

    const again = await readHistories(session(repo), id, change(state));

    expect(again).toEqual(ok(new Map([[2, [{ parent: 1, lsn: 0x7000100n }]]])));
  });

  it('that cannot be read give no ancestors, and are tried again', async () => {
    const { state, session } = repository();
    state.text = 'nonsense';

    expect(await readHistories(session(), '15-1', listing(second))).toEqual(ok(new Map()));
    expect(await readHistories(session(), '15-1', listing(second))).toEqual(ok(new Map()));

    expect(state.asked).toHaveLength(2);
  });
});
