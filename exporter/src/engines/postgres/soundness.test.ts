import { readFileSync } from 'node:fs';
import { parseControl } from './restored.ts';
import { judgeAmcheck, judgeChecksums } from './soundness.ts';

interface Recorded {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function recorded(name: string): Recorded {
  return JSON.parse(
    readFileSync(new URL(`./testdata/${name}-postgresql-15.18.json`, import.meta.url), 'utf8'),
  ) as Recorded;
}

function amcheck(name: string): ReturnType<typeof judgeAmcheck> {
  const printed = recorded(name);
  return judgeAmcheck(
    printed,
    printed.stdout
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  );
}

test('good pages: how many were read', () => {
  expect(judgeChecksums(recorded('checksums-good'))).toEqual({
    sound: true,
    detail: 'page checksums: 3113 pages read, none bad',
  });
});

test('a bad page is named', () => {
  const { sound, detail } = judgeChecksums(recorded('checksums-bad'));

  expect(sound).toBe(false);
  expect(detail).toMatch(/^page checksums: 1 of 3113 pages bad; .*base\/5\/\d+", block 3/);
});

test.each<[string, Partial<Recorded>]>([
  ['exit code 0 and no figures', { stdout: '' }],
  ['nothing was read', { stdout: 'Blocks scanned:  0\nBad checksums:  0\n' }],
  ['a complaint beside good figures', { stderr: 'pg_checksums: warning: skipped' }],
  ['another exit code', { exitCode: 1 }],
])('pages are not sound: %s', (_name, change) => {
  expect(judgeChecksums({ ...recorded('checksums-good'), ...change }).sound).toBe(false);
});

test('good relations: how many, of how many pages', () => {
  expect(amcheck('amcheck-good')).toEqual({
    sound: true,
    detail: 'tables and indexes: 544 relations of 1919 pages agree',
  });
});

test('an index that does not fit is named, with why', () => {
  const { sound, detail } = amcheck('amcheck-bad-index');

  expect(sound).toBe(false);
  expect(detail).toMatch(
    /btree index "postgres\.public\.t_x": \| ERROR: {2}mismatch between parent key and child high key/,
  );
});

test('a page that cannot be read is named', () => {
  expect(amcheck('amcheck-bad-page')).toMatchObject({
    sound: false,
    detail: expect.stringMatching(/invalid page in block 3/),
  });
});

test.each<[string, Partial<Recorded>]>([
  ['exit code 0 and no count', { stderr: '' }],
  ['not got through all', { stderr: '543/544 relations ( 99%), 1918/1919 pages (99%)\n' }],
  ['nothing to check', { stderr: '0/0 relations (100%), 0/0 pages (100%)\n' }],
  [
    'a database was left out',
    { stderr: 'pg_amcheck: warning: skipping database "shop"\n544/544 relations (100%), 1919/1919 pages (100%)\n' },
  ],
  ['another exit code', { exitCode: 1 }],
])('relations are not sound: %s', (_name, change) => {
  expect(judgeAmcheck({ ...recorded('amcheck-good'), ...change }, []).sound).toBe(false);
});

test('the control file tells what a server must be started with', () => {
  expect(parseControl(recorded('controldata').stdout)).toEqual({
    // Beyond 2^53: kept as text.
    systemId: expect.stringMatching(/^\d{19}$/),
    state: 'in production',
    timeline: 1,
    checksums: true,
    maxPreparedTransactions: 0,
    maxLocksPerTransaction: 64,
    walSegmentBytes: 16_777_216,
    walLevel: 'replica',
    trackCommitTimestamp: 'off',
    walLogHints: 'off',
  });
  expect(parseControl('pg_control version number:            1300\n')).toBeNull();
});
