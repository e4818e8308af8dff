import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  readBackupLine,
  readCheck,
  readNode,
  readSnapshots,
  skippedSources,
  unreadable,
  verifiedFiles,
  warningOf,
} from './output.ts';

const recorded = (name: string): string => readFileSync(join(import.meta.dirname, 'testdata', name), 'utf8');
/** The files end with a line that says the exit code. */
function check(name: string): ReturnType<typeof readCheck> {
  const text = recorded(name);
  const exitCode = Number(/^exit (\d+)$/m.exec(text)?.[1]);
  return readCheck({ exitCode, stdout: text.replace(/^exit \d+$/m, ''), stderr: '' });
}

describe('what restic 0.14.0 wrote', () => {
  it('a list of snapshots, of a copy with the id it had before', () => {
    const here = readSnapshots(recorded('snapshots-restic-0.14.0.json'));
    const copied = readSnapshots(recorded('snapshots-copied-restic-0.14.0.json'));

    expect(here?.[0]).toMatchObject({ paths: ['/tmp/shop/src'], tags: ['genesis=b1', 'service=s', 'component=data'] });
    expect(copied?.[0]).toMatchObject({ original: here?.[0]?.id, tree: here?.[0]?.tree });
    expect(copied?.[0]?.id).not.toBe(here?.[0]?.id);
    expect(readSnapshots('null')).toEqual([]);
    expect(readSnapshots('[{"id":1}]')).toBeNull();
    expect(readSnapshots('[{"id"')).toBeNull();
  });

  it('a backup that left a source out ends with 0, and only words tell', () => {
    const lines = recorded('backup-missing-restic-0.14.0.jsonl').split('\n').map(readBackupLine);

    expect(lines.find((l) => l?.kind === 'summary')).toMatchObject({
      summary: { files_new: 3, snapshot_id: expect.stringMatching(/^[0-9a-f]{8}$/) },
    });
    expect(skippedSources(recorded('backup-missing-restic-0.14.0.stderr'))).toEqual(['/srcgone']);
    expect(skippedSources('')).toEqual([]);
  });

  it('files that could not be read are named', () => {
    const lines = recorded('backup-unreadable-restic-0.14.0.jsonl').split('\n').map(readBackupLine);

    expect(lines.find((l) => l?.kind === 'status')).toMatchObject({ errors: expect.any(Number) });
    expect(unreadable(recorded('backup-unreadable-restic-0.14.0.stderr'))).toEqual([
      { kind: 'unreadable', path: '/tmp/shop/un/src/a.txt', message: 'open: permission denied' },
      { kind: 'unreadable', path: '/tmp/shop/un/src/sub/big.bin', message: 'open: permission denied' },
    ]);
    expect(warningOf('/a', 'lstat: errno 2').kind).toBe('vanished');
    expect(warningOf('/a', 'open: permission denied').kind).toBe('unreadable');
    expect(readBackupLine('not json')).toBeNull();
  });

  it('a listing, with the bits of the mode that Go keeps elsewhere', () => {
    const nodes = recorded('ls-restic-0.14.0.jsonl')
      .split('\n')
      .flatMap((line) => readNode(line) ?? []);
    const of = (end: string) => nodes.find((n) => n.path.endsWith(end));

    expect(of('/src/a.txt')).toMatchObject({ type: 'file', bytes: 6, mode: 0o644 });
    expect(of('/src/link')).toMatchObject({ type: 'symlink', mode: 0o777 });
    expect(of('/modes/s')?.mode).toBe(0o4711);
    expect(of('/modes/d')?.mode).toBe(0o2755);
    expect(of('/modes/t')).toMatchObject({ type: 'dir', mode: 0o1777 });
  });

  it('a check is sound only when it says so', () => {
    expect(check('check-sound-restic-0.14.0.txt')).toMatchObject({ sound: true, faults: [] });
    expect(check('check-flipped-restic-0.14.0.txt')).toMatchObject({
      sound: false,
      packsRead: 4,
      faults: [expect.stringContaining('Pack ID does not match, want 75d6903c')],
    });
    expect(check('check-missing-pack-restic-0.14.0.txt').faults).toEqual([
      expect.stringMatching(/^pack 75d6903c.*does not exist$/),
    ]);
    expect(readCheck({ exitCode: 0, stdout: '', stderr: '' })).toMatchObject({
      sound: false,
      faults: [expect.any(String)],
    });
    expect(readCheck({ exitCode: 1, stdout: 'no errors were found\n', stderr: '' }).sound).toBe(false);
  });

  it('a restore says how many files it compared', () => {
    expect(verifiedFiles(recorded('restore-restic-0.14.0.txt'))).toBe(3);
    expect(verifiedFiles('restoring <Snapshot x>\n')).toBeNull();
  });
});
