import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkDrillRoom } from './prove.ts';
import { linksOut, unpassable, writeOwn } from './restored.ts';
import { socketFolderOf } from './sweep.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'genesis-folder-'));
  mkdirSync(join(folder, 'drill/data/pg_tblspc'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (...parts: string[]): string => join(folder, ...parts);

test('links that stay inside are followed, those that leave are told', async () => {
  mkdirSync(at('drill/tablespaces/1'), { recursive: true });
  mkdirSync(at('live'));
  symlinkSync(at('drill/tablespaces/1'), at('drill/data/pg_tblspc/1'));
  expect(await linksOut(at('drill'), at('drill/data'))).toEqual([]);

  symlinkSync(at('live'), at('drill/data/pg_wal'));
  symlinkSync(at('live'), at('drill/tablespaces/1/within'));
  symlinkSync(at('nowhere'), at('drill/data/pg_tblspc/2'));
  expect([...(await linksOut(at('drill'), at('drill/data')))].sort()).toEqual([
    `${at('drill/data/pg_tblspc/2')} → nothing`,
    `${at('drill/data/pg_wal')} → ${at('live')}`,
    `${at('drill/tablespaces/1/within')} → ${at('live')}`,
  ]);
});

test('files of the configuration that packages link into /etc are never opened and may stay', async () => {
  symlinkSync('/etc/hostname', at('drill/data/server.crt'));
  symlinkSync('/etc/hostname', at('drill/data/postgresql.conf'));
  symlinkSync('/etc/hostname', at('drill/data/PG_VERSION'));

  expect(await linksOut(at('drill'), at('drill/data'))).toEqual([expect.stringContaining('PG_VERSION')]);
});

test('the first folder that a user may not pass is named', async () => {
  chmodSync(folder, 0o755);
  chmodSync(at('drill'), 0o711);
  chmodSync(at('drill/data'), 0o700);
  const stranger = { uid: 54_321, gid: 54_321 };

  expect(unpassable(at('drill'), stranger)).toBeNull();
  expect(unpassable(at('drill/data'), stranger)).toBe(at('drill/data'));
  expect(unpassable(at('drill/data'), { uid: statSync(folder).uid, gid: 54_321 })).toBeNull();
});

test('a file is written in the place of a link, not through it', async () => {
  writeFileSync(at('precious'), 'precious');
  symlinkSync(at('precious'), at('drill/file'));

  writeOwn(at('drill/file'), 'ours', null);

  expect(readFileSync(at('precious'), 'utf8')).toBe('precious');
  expect(readFileSync(at('drill/file'), 'utf8')).toBe('ours');
  expect(statSync(at('drill/file')).mode & 0o777).toBe(0o600);
});

test('only socket folders that we name ourselves are taken from a state file', () => {
  const ours = join(tmpdir(), 'genesis-sock-abc');

  expect(socketFolderOf(JSON.stringify({ socketFolder: ours }))).toBe(ours);
  expect(socketFolderOf(JSON.stringify({ socketFolder: `${ours}/../../etc` }))).toBeNull();
  expect(socketFolderOf(JSON.stringify({ socketFolder: '/run/postgresql' }))).toBeNull();
  expect(socketFolderOf('{')).toBeNull();
});

test('a drill that would fill the disk is not begun', async () => {
  expect(await checkDrillRoom(folder, 1000, 0)).toEqual({ ok: true, value: undefined });
  expect(await checkDrillRoom(at('not/made/yet'), 1000, 2 ** 60)).toMatchObject({
    ok: false,
    error: { code: 'disk_full', details: { neededBytes: 1000, minFreeBytes: 2 ** 60 } },
  });
});
