import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ok } from '../contract/errors.ts';
import { testDeps } from '../engines/backup/archive/test-support.ts';
import { backupEngineKind } from '../engines/backup/registry.ts';
import { readRepository } from './collect-service.ts';
import type { HandlerDeps } from './handler.ts';

/** The few things that the reading of a repository asks for. */
function depsFor(repository: string, backupsKnown: number): HandlerDeps {
  const service = {
    config: { name: 'shop', backup: { engine: 'archive' } },
    repository: { path: repository, key: null },
  };
  const entries = Array.from({ length: backupsKnown }, (_, n) => ({ id: `backup_${n}` }));
  return {
    service: () => Promise.resolve(ok(service)),
    engine: () => backupEngineKind('archive').create(testDeps),
    store: { backups: { ofService: () => Promise.resolve(entries) } },
  } as unknown as HandlerDeps;
}

describe('the reading of a repository', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'genesis-collect-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('tells the space of a repository that is still to be made', async () => {
    const read = await readRepository(depsFor(path.join(folder, 'not', 'yet'), 0), 'shop');

    expect(read).toEqual({ ok: true, value: { freeBytes: expect.any(Number), totalBytes: expect.any(Number) } });
  });

  it('tells the space of a repository that is there', async () => {
    writeFileSync(path.join(folder, 'genesis-repository.json'), '{}');

    expect((await readRepository(depsFor(folder, 3), 'shop')).ok).toBe(true);
  });

  it('is unknown, not free space, when backups should be there and the repository is gone or not mounted', async () => {
    const unmounted = path.join(folder, 'mount-point');
    mkdirSync(unmounted);

    const read = await readRepository(depsFor(unmounted, 3), 'shop');

    expect(read).toMatchObject({ ok: false, error: { code: 'repository_unreadable' } });
  });
});
