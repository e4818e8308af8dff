import { manifestMacKey } from '../archive/crypto.ts';
import { parseDumpManifest, recordOfDump, serialiseDumpManifest, type DumpManifest } from './manifest.ts';

const hash = 'a'.repeat(64);
const file = (path: string, bytes: number): DumpManifest['globals'] => ({
  path,
  bytes,
  sha256: hash,
  plainBytes: bytes,
  plainSha256: hash,
});
const manifest: DumpManifest = {
  format: 1,
  id: 'backup_20261122_020000_0000beef',
  service: 'shop',
  engine: 'pg_dump',
  type: 'full',
  startedAt: '2026-11-22T02:00:00.000Z',
  endedAt: '2026-11-22T02:01:00.000Z',
  status: 'completed_with_warnings',
  encryption: null,
  auditHead: null,
  serverVersion: '15.18',
  clientVersion: '15.18',
  warnings: [{ kind: 'other', path: 'app', message: 'pg_dump: warning: something' }],
  globals: file('globals.sql', 10),
  databases: [
    {
      name: 'app',
      format: 'custom',
      tables: 3,
      bytes: 1000,
      seconds: 1.5,
      lsn: '0/1',
      snapshotAt: '2026-11-22T02:00:00.500Z',
      tocEntries: 9,
      warnings: 1,
      properties: {
        owner: 'shop',
        encoding: 'UTF8',
        collate: 'C',
        ctype: 'C',
        provider: 'c',
        locale: null,
        grants: null,
        settings: [],
      },
      dump: [file('app/dump', 200)],
      rows: file('app/rows.json', 30),
    },
  ],
};

describe('the manifest of a dump', () => {
  const macKey = manifestMacKey(Buffer.alloc(32, 7));

  it('reads back as it was, and its checksum with it', () => {
    const { bytes, checksum } = serialiseDumpManifest(manifest, null);

    expect(parseDumpManifest(bytes, null, 'x')).toEqual({ manifest, checksum });
  });

  it('that was changed, cut or is of a later format is told', () => {
    const { bytes } = serialiseDumpManifest(manifest, null);
    const changed = Buffer.from(bytes.toString().replace('"tables":3', '"tables":4'));
    const later = serialiseDumpManifest({ ...manifest, format: 2 as 1 }, null).bytes;

    expect(() => parseDumpManifest(changed, null, 'x')).toThrow('its SHA-256 differs');
    expect(() => parseDumpManifest(bytes.subarray(0, 50), null, 'x')).toThrow('cut off');
    expect(() => parseDumpManifest(bytes, macKey, 'x')).toThrow('its MAC does not hold');
    expect(() => parseDumpManifest(later, null, 'x')).toThrow('has format 2');
  });

  it.each(['../other', '/etc/passwd', 'a/../b', 'a//b', 'a/./b', ''])('cannot name a file %j', (path) => {
    const { bytes } = serialiseDumpManifest({ ...manifest, globals: file(path, 1) }, null);

    expect(() => parseDumpManifest(bytes, null, 'x')).toThrow('the manifest is not valid');
  });

  it('becomes a record whose components are databases', () => {
    expect(recordOfDump(manifest, 'sum')).toMatchObject({
      parent: null,
      entries: 3,
      bytes: 1000,
      storedBytes: 240,
      checksum: 'sum',
      components: [{ name: 'app', status: 'completed_with_warnings', entries: 3, storedBytes: 230, warnings: 1 }],
      warningCount: 1,
    });
  });
});
