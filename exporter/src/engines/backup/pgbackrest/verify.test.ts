import { damagedPaths } from './damage.ts';
import { backupsIn, idOfBackup, parseInfo, recordsOf } from './info.ts';
import type { Catalogue, ScannedArchive } from './catalogue.ts';
import { pointOf } from './catalogue.ts';
import { archiveOf, parseListing } from './segments.ts';
import { recorded } from './test-support.ts';
import { judgeVerify } from './verify.ts';
import { parseVerify, type VerifyText } from './verify-text.ts';
import { scanArchive } from './windows.ts';

function textOf(name: string): VerifyText {
  const parsed = parseVerify(recorded(name));
  if (!parsed.ok) throw parsed.error;
  return parsed.value;
}

const mib16 = 16 * 2 ** 20;
const info = parseInfo(recorded('info-2.45.txt'), 'main');
if (!info.ok || info.value === null) throw new Error('the recording cannot be read');
const stanza = info.value;
const backups = backupsIn(stanza, 1);
const catalogue: Catalogue = { state: 'ready', info: stanza, backups, records: recordsOf(stanza, 1, 'shop') };

/** The recorded archive, without some of its segments. */
function scanned(...without: readonly number[]): ScannedArchive[] {
  const listing = parseListing(recorded('repo-ls-2.45.txt'));
  if (!listing.ok) throw listing.error;
  const all = archiveOf(listing.value, mib16, new Map());
  const archive = { ...all, segments: all.segments.filter(({ number }) => !without.includes(number)) };
  const points = backups.flatMap((backup) => pointOf(backup, mib16) ?? []);
  const scan = scanArchive({ repository: 'repository', archive, backups: points, expected: null });
  return [{ id: '15-1', listing: listing.value, archive, points, scan }];
}
function judge(label: string, text: VerifyText, archives = scanned(), damaged: readonly string[] = []) {
  const backup = backups.find((b) => b.label === label);
  if (backup === undefined) throw new Error(label);
  return judgeVerify(catalogue, backup, text, archives, damaged);
}

describe('parseVerify', () => {
  it('reads a sound repository', () => {
    const text = textOf('verify-ok-2.45.txt');

    expect(text).toMatchObject({ status: 'ok', others: [], archives: [{ id: '15-1', checked: 12, valid: 12 }] });
    expect(text.backups).toHaveLength(4);
    expect(text.backups[0]).toMatchObject({ label: '20261122-123132F', status: 'valid', checked: 967, valid: 967 });
  });

  it('reads what stands for itself', () => {
    expect(textOf('verify-wrong-passphrase-2.45.txt')).toMatchObject({
      status: 'error',
      others: ['No usable backup.info file', 'No usable archive.info file'],
    });
  });

  it.each(['', 'stanza: main', 'status: perhaps'])('does not take silence for soundness: %j', (text) => {
    expect(parseVerify(text)).toMatchObject({ ok: false, error: { code: 'format_unknown' } });
  });
});

describe('judgeVerify', () => {
  const [oldFull, newFull, differential, incremental] = backups.map(({ label }) => label) as [
    string,
    string,
    string,
    string,
  ];

  it('passes what is sound, with all that it builds upon', () => {
    const report = judge(incremental, textOf('verify-ok-2.45.txt'));

    expect(report).toMatchObject({ passed: true, faults: [], entries: 968 });
    expect(report.chain).toHaveLength(3);
  });

  it('fails the backup whose file is corrupt, and no other', () => {
    const text = textOf('verify-corrupt-file-2.45.txt');

    expect(judge(oldFull, text)).toMatchObject({
      passed: false,
      faults: [{ component: 'cluster', message: `${oldFull} is invalid: 1 checksum invalid` }],
    });
    expect(judge(newFull, text).passed).toBe(true);
  });

  it('fails a backup for what it builds upon, and names that', () => {
    const sound = textOf('verify-ok-2.45.txt');
    const text = {
      ...sound,
      backups: sound.backups.map((b) => (b.label === newFull ? { ...b, status: 'invalid' } : b)),
    };
    const report = judge(differential, text);

    expect(report.passed).toBe(false);
    expect(report.faults.map(({ backupId }) => backupId)).toEqual([idOfBackup(backups[1] as (typeof backups)[number])]);
  });

  it('fails one whose manifest cannot be read, and one that was not looked at', () => {
    const truncated = textOf('verify-truncated-manifest-2.45.txt');
    const none = { ...textOf('verify-ok-2.45.txt'), backups: [] };

    expect(judge(oldFull, truncated).faults[0]?.message).toMatch(/its manifest cannot be read/);
    expect(judge(oldFull, none).faults[0]?.message).toMatch(/was not looked at/);
  });

  it('sees the missing segment that verify does not: of the backup that needs it', () => {
    const text = textOf('verify-ok-2.45.txt');

    expect(judge(newFull, text, scanned(16)).faults[0]?.message).toMatch(
      /needs the WAL segment 000000010000000000000010/,
    );
    expect(judge(oldFull, text, scanned(16)).passed).toBe(true);
  });

  it('fails all for damaged WAL that nothing names, and by the scan where it is named', () => {
    const sound = textOf('verify-ok-2.45.txt');
    const counts = { missing: 0, 'checksum invalid': 1, 'size invalid': 0, other: 0 };
    const text: VerifyText = { ...sound, status: 'error', archives: [{ id: '15-1', checked: 12, valid: 11, counts }] };

    expect(judge(newFull, text).faults[0]).toMatchObject({ path: 'archive/15-1' });
    expect(judge(newFull, text, scanned(22), ['15-1/0000000100000000/x']).passed).toBe(true);
    expect(judge(newFull, text, scanned(16), ['15-1/0000000100000000/x']).passed).toBe(false);
  });

  it('does not pass when the program says `error` and nobody knows why', () => {
    const text: VerifyText = { ...textOf('verify-ok-2.45.txt'), status: 'error' };

    expect(judge(newFull, text).faults[0]?.message).toMatch(/without telling where/);
  });

  it('does not pass a backup of damaged pages, nor one of which no WAL is known', () => {
    const text = textOf('verify-ok-2.45.txt');
    const damaged = { ...(backups[0] as (typeof backups)[number]), error: true };

    expect(judgeVerify(catalogue, damaged, text, scanned(), []).passed).toBe(false);
    expect(judge(newFull, text, []).faults[0]?.message).toMatch(/no archived WAL is known/);
  });
});

it('finds damaged WAL in what verify said, and no files of backups', () => {
  const unreadable =
    'INFO: invalid result 15-1/0000000100000000/000000010000000000000014-' + 'a'.repeat(40) + '.zst: [29] raised';

  expect(damagedPaths(`${recorded('verify-damaged-stderr-2.45.txt')}\n${unreadable}\n${unreadable}`)).toEqual([
    '15-1/0000000100000000/000000010000000000000013-d46b16f774b51f0e918ce83e1435892957536011.zst',
    `15-1/0000000100000000/000000010000000000000014-${'a'.repeat(40)}.zst`,
  ]);
});
