import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  existsSync,
  readFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BackupType } from '../../contract/backup.ts';
import type { Outcome } from '../../contract/errors.ts';
import type { BackupEngine, ComponentSource, FilesQuery, RepositoryRef, RunContext } from './port.ts';

/** What a product must be given to run the promises of port.ts against it. */
export interface ConformanceSubject {
  readonly engine: BackupEngine;
  /** A repository that does not exist yet, below the folder. */
  repository(folder: string): RepositoryRef;
  /** Another one beside it, for copies. Default: the folder `copy`, with the same key. */
  copy?(folder: string): RepositoryRef;
  /** Of an engine that backs up something else than files: what there is to back up exists already. Default: a small tree. */
  readonly components?: readonly ComponentSource[];
}

type FilesPage = Extract<Awaited<ReturnType<BackupEngine['files']>>, { ok: true }>['value'];

const all = { components: [], paths: [] };

function context(signal = new AbortController().signal): RunContext {
  return { signal, onProgress: () => undefined };
}

function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}

function codeOf(outcome: Outcome<unknown>): string {
  return outcome.ok ? 'ok' : outcome.error.code;
}

/** Every backup engine passes this: the port's promises, on real files. */
export function backupEngineConformance(name: string, create: () => ConformanceSubject): void {
  describe(`${name} keeps the promises of the backup port`, () => {
    let folder: string;
    let source: string;
    let subject: ConformanceSubject;
    let repository: RepositoryRef;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'genesis-conformance-'));
      source = join(folder, 'source');
      mkdirSync(join(source, 'empty'), { recursive: true });
      writeFileSync(join(source, 'a.txt'), 'first');
      symlinkSync('a.txt', join(source, 'link'));
      subject = create();
      repository = subject.repository(folder);
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    const prepare = async (): Promise<void> => valueOf(await subject.engine.prepare(repository, context().signal));
    const backUp = (id: string, type: BackupType = 'full', parent: string | null = null, run = context()) =>
      subject.engine.backup(
        {
          id,
          service: 'files',
          type,
          parent,
          repository,
          compareContent: false,
          auditHead: null,
          configYaml: null,
          components: subject.components ?? [{ name: 'data', paths: [source], excludes: [] }],
          limits: { nice: null, bandwidthBytesPerSecond: null, concurrency: 2 },
        },
        run,
      );
    const restoreTo = (id: string, path: string) =>
      subject.engine.restore(
        {
          operationId: `op_${id}`,
          repository,
          backupId: id,
          selection: all,
          target: { kind: 'folder', path },
          restoreOwner: process.getuid?.() === 0,
        },
        context(),
      );

    it('backs up, lists, verifies, restores and compares equal', async () => {
      await prepare();
      const record = valueOf(await backUp('backup_20260301_020000_00000001'));
      const listing = valueOf(await subject.engine.inspect(repository, 'files', context().signal));
      const report = valueOf(await subject.engine.verify(repository, record.id, context()));
      const target = join(folder, 'restored');
      valueOf(await restoreTo(record.id, target));
      const compared = valueOf(await subject.engine.compare(repository, record.id, target, context()));

      expect(listing.records).toEqual([record]);
      expect(record).toMatchObject({ service: 'files', type: 'full', status: 'completed', parent: null });
      expect(report).toMatchObject({ passed: true, faults: [] });
      expect(compared.differences).toEqual([]);
      if (subject.components !== undefined) return;
      expect(readFileSync(join(target, 'data', 'source', 'link'), 'utf8')).toBe('first');
      expect(existsSync(join(target, 'data', 'source', 'empty'))).toBe(true);
    });

    it('restores the moment of each backup of a chain', async () => {
      if (!subject.engine.abilities.types.includes('incremental') || subject.components !== undefined) return;
      await prepare();
      const full = valueOf(await backUp('backup_20260301_020000_00000001'));
      writeFileSync(join(source, 'a.txt'), 'second');
      rmSync(join(source, 'link'));
      const later = valueOf(await backUp('backup_20260301_030000_00000002', 'incremental', full.id));
      valueOf(await restoreTo(full.id, join(folder, 'one')));
      valueOf(await restoreTo(later.id, join(folder, 'two')));

      expect(readFileSync(join(folder, 'one/data/source/a.txt'), 'utf8')).toBe('first');
      expect(readFileSync(join(folder, 'two/data/source/a.txt'), 'utf8')).toBe('second');
      expect(existsSync(join(folder, 'two/data/source/link'))).toBe(false);
    });

    it('sees a changed file of a restored folder', async () => {
      await prepare();
      const record = valueOf(await backUp('backup_20260301_020000_00000001'));
      valueOf(await restoreTo(record.id, join(folder, 'restored')));
      const [file] = readdirSync(join(folder, 'restored'), { recursive: true, withFileTypes: true }).filter((e) =>
        e.isFile(),
      );
      writeFileSync(join(file?.parentPath ?? '', file?.name ?? ''), 'other');

      const compared = valueOf(
        await subject.engine.compare(repository, record.id, join(folder, 'restored'), context()),
      );

      expect(compared.differences.length).toBeGreaterThan(0);
    });

    it('answers with codes for what is not there or not allowed', async () => {
      await prepare();
      const unknown = 'backup_20260301_020000_0000dead';
      expect(codeOf(await subject.engine.verify(repository, unknown, context()))).toBe('backup_unknown');
      expect(codeOf(await subject.engine.remove(repository, unknown, context().signal))).toBe('backup_unknown');
      expect(codeOf(await subject.engine.planRestore(repository, unknown, all, context().signal))).toBe(
        'backup_unknown',
      );
      expect(codeOf(await subject.engine.loadExtra(repository, 'nothing', context().signal))).toBe('not_found');
      const query = { prefix: '', cursor: null, limit: 10 };
      expect(codeOf(await subject.engine.files(repository, unknown, query, context().signal))).toBe(
        subject.engine.abilities.files ? 'backup_unknown' : 'not_supported',
      );
      const record = valueOf(await backUp('backup_20260301_020000_00000001'));
      mkdirSync(join(folder, 'there'));
      expect(codeOf(await restoreTo(record.id, join(folder, 'there')))).toBe('target_not_empty');
    });

    it('leaves nothing of a cancelled backup', async () => {
      await prepare();
      const stopped = await backUp('backup_20260301_020000_00000001', 'full', null, context(AbortSignal.abort()));

      expect(codeOf(stopped)).toBe('cancelled');
      expect(valueOf(await subject.engine.inspect(repository, 'files', context().signal)).records).toEqual([]);
    });

    it('copies a backup into another repository, from which it restores', async () => {
      await prepare();
      const record = valueOf(await backUp('backup_20260301_020000_00000001'));
      const copy = subject.copy?.(folder) ?? { path: join(folder, 'copy'), key: repository.key };
      valueOf(await subject.engine.prepare(copy, context().signal));
      valueOf(await subject.engine.copy(repository, copy, record.id, context()));

      expect(valueOf(await subject.engine.verify(copy, record.id, context())).passed).toBe(true);
      expect(valueOf(await subject.engine.inspect(copy, 'files', context().signal)).records).toEqual([record]);
    });

    it('keeps small extra files where it says so', async () => {
      await prepare();
      const saved = await subject.engine.saveExtra(
        repository,
        [{ name: 'genesis.yaml', content: Buffer.from('services: []\n') }],
        context().signal,
      );

      expect(codeOf(saved)).toBe(subject.engine.abilities.extras ? 'ok' : 'not_supported');
      if (!subject.engine.abilities.extras) return;

      expect(valueOf(await subject.engine.loadExtra(repository, 'genesis.yaml', context().signal)).toString()).toBe(
        'services: []\n',
      );
    });

    it('says before and after whether there is a repository', async () => {
      const before = valueOf(await subject.engine.probe(repository, context().signal));
      await prepare();
      const after = valueOf(await subject.engine.probe(repository, context().signal));

      expect([before.state, after.state]).toEqual(['empty', 'ready']);
    });

    it('lists the files of a backup, in pages that meet', async () => {
      if (!subject.engine.abilities.files) return;
      await prepare();
      const record = valueOf(await backUp('backup_20260301_020000_00000001'));
      const seen: string[] = [];
      for (let cursor: string | null = null, pages = 0; pages < 20; pages += 1) {
        const query: FilesQuery = { prefix: '', cursor, limit: 2 };
        const page: FilesPage = valueOf(await subject.engine.files(repository, record.id, query, context().signal));
        seen.push(...page.files.map((file) => file.path));
        cursor = page.next;
        if (cursor === null) break;
      }

      expect([...seen].sort()).toEqual(['source', 'source/a.txt', 'source/empty', 'source/link']);
    });

    it('refuses the types that it does not make', async () => {
      await prepare();
      for (const type of ['differential', 'incremental'] as const) {
        if (subject.engine.abilities.types.includes(type)) continue;
        expect(codeOf(await backUp('backup_20260301_020000_00000001', type))).toBe('not_supported');
      }
    });

    it('removes a backup', async () => {
      await prepare();
      const record = valueOf(await backUp('backup_20260301_020000_00000001'));
      valueOf(await subject.engine.remove(repository, record.id, context().signal));

      expect(valueOf(await subject.engine.inspect(repository, 'files', context().signal)).records).toEqual([]);
    });
  });
}
