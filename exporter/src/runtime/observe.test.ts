import { known, unknown, type Observed } from '../contract/observed.ts';
import { OpError } from '../contract/errors.ts';
import type { PitrFacts } from '../contract/postgres.ts';
import { currentRpo } from './observe.ts';

const at = '2026-11-22T02:00:00.000Z';
const now = new Date(at);

function window(newestRestorableAt: string | null): Observed<PitrFacts> {
  return known(at, {
    windows: [],
    gaps: [],
    newestRestorableAt,
    oldestRestorableAt: null,
    segments: 0,
    blockIncremental: 'unsupported',
    version: '2.45',
  });
}

describe('what could be lost where any moment can be brought back', () => {
  it.each([
    ['since the end of the archived WAL', '2026-11-22T01:59:30.000Z', 30],
    ['nothing where a clock is a little ahead', '2026-11-22T02:00:50.000Z', 0],
    ['not told where nothing can be brought back', null, null],
  ])('%s', (_name, newest, seconds) => {
    expect(currentRpo(known(at, []), window(newest), now)).toEqual(known(at, seconds));
  });

  it('is unknown, not zero, when WAL is from the future', () => {
    const rpo = currentRpo(known(at, []), window('2026-11-23T02:00:00.000Z'), now);

    expect(rpo).toMatchObject({ known: false });
    expect(rpo.known ? '' : rpo.error.message).toMatch(/the clock was set back: the newest archived WAL is from/);
  });

  it('is unknown where the archive could not be looked at', () => {
    const away = unknown(at, new OpError('repository_unreadable', 'away'));

    expect(currentRpo(known(at, []), away, now)).toBe(away);
  });
});
