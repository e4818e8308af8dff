import { fail, ok } from '../../../contract/errors.ts';
import type { Exec } from '../../../ports/index.ts';
import { readCatalogue, readTogether } from './catalogue.ts';
import type { Session } from './session.ts';
import { recorded, stanzaWith } from './test-support.ts';

/** Moments pass when they are let. */
function repository() {
  const state = { asked: 0, text: recorded('info-2.45.txt'), pass: [] as (() => void)[], stopped: false };
  const exec: Exec = {
    run: () => {
      state.asked += 1;
      const stopped = state.stopped;
      state.stopped = false;
      return Promise.resolve(
        stopped ? fail('cancelled', 'stopped') : ok({ exitCode: 0, stdout: state.text, stderr: '', truncated: false }),
      );
    },
  };
  const clock = {
    now: () => new Date(0),
    sleep: () => new Promise<void>((resolve) => state.pass.push(resolve)),
  };
  const session = (repo = 1): Session => ({
    deps: { exec, clock } as unknown as Session['deps'],
    stanza: stanzaWith(),
    version: '2.45',
    repo,
    place: { name: 'repository', path: '/srv/repo', remote: null, passphrase: null },
    configFile: '/srv/engine/pgbackrest.conf',
    signal: new AbortController().signal,
  });
  const pass = (): void => state.pass.splice(0).forEach((go) => go());
  return { state, session, pass };
}

describe('readings of one repository', () => {
  it('that begin together look once', async () => {
    const { state, session, pass } = repository();

    const both = [readTogether(session()), readTogether(session())];
    pass();
    const [one, other] = await Promise.all(both);

    expect(state.asked).toBe(1);
    expect(one).toMatchObject({ ok: true, value: { state: 'ready' } });
    expect(other).toBe(one);
  });

  it('are not given what was read before they asked', async () => {
    const { state, session, pass } = repository();

    const first = readTogether(session());
    pass();
    // The first look is under way or over: it may not know what happened since.
    await Promise.resolve();
    const second = readTogether(session());
    pass();
    await Promise.all([first, second]);

    expect(state.asked).toBe(2);
  });

  it('keep to their own repository', async () => {
    const { state, session, pass } = repository();

    const both = [readTogether(session(1)), readTogether(session(2))];
    pass();
    await Promise.all(both);

    expect(state.asked).toBe(2);
  });

  it('look themselves when the one that began was stopped', async () => {
    const { state, session, pass } = repository();
    state.stopped = true;

    const both = [readTogether(session()), readTogether(session())];
    pass();
    const [one, other] = await Promise.all(both);

    expect(one).toMatchObject({ ok: false, error: { code: 'cancelled' } });
    expect(other).toMatchObject({ ok: true });
    expect(state.asked).toBe(2);
  });
});

describe('the catalogue', () => {
  it('is that of each answer, also of one that came before', async () => {
    const { state, session } = repository();
    const labels = async (): Promise<readonly string[] | null> => {
      const read = await readCatalogue(session());
      return read.ok ? read.value.backups.map(({ label }) => label) : null;
    };

    const first = await labels();
    const again = await labels();
    state.text = recorded('info-2.45.txt').replaceAll('20261122-123132F', '20261122-223132F');
    const changed = await labels();
    state.text = 'nonsense';
    const broken = await labels();
    state.text = recorded('info-2.45.txt');
    const mended = await labels();

    expect(first).toContain('20261122-123132F');
    expect(again).toEqual(first);
    expect(changed).toContain('20261122-223132F');
    expect(broken).toBeNull();
    expect(mended).toEqual(first);
    expect(state.asked).toBe(5);
  });
});
