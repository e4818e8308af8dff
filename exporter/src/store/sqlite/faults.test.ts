import { jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { auditOf, operationOf } from '../testing/rows.ts';
import { openReadOnly, openStore } from './open.ts';
import { errorOf, openForTest, testOptions } from './testing.ts';

// Every write waits for the disk, and a busy one takes its time.
jest.setTimeout(60_000);

const child = fileURLToPath(new URL('./append-until-killed.ts', import.meta.url));

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'genesis-state-'));
  path = join(folder, 'state', 'genesis.db');
});
afterEach(() => rm(folder, { recursive: true }));

describe('a state whose disk fails', () => {
  interface Line {
    readonly count?: number;
    readonly hash?: string;
    readonly begun?: string;
    readonly refused?: string;
    readonly head?: number;
  }

  async function runChild(command: string, args: readonly string[], killAfterLines: number): Promise<Line[]> {
    const running = spawn(command, [...args, child, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    running.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.split('\n').length > killAfterLines) running.kill('SIGKILL');
    });
    await once(running, 'close');
    const whole = output.slice(0, output.lastIndexOf('\n')).split('\n');
    return whole.map((line) => JSON.parse(line) as Line);
  }

  it('has every row and operation that was promised before kill -9', async () => {
    const lines = await runChild(process.execPath, ['--disable-warning=ExperimentalWarning'], 120);

    const store = await openForTest(path);
    const counts = lines.flatMap((line) => (line.count === undefined ? [] : [line.count]));
    const { count, brokenAt, hashes } = await store.audit.verify(counts);
    expect(counts.length).toBeGreaterThan(60);
    expect(counts.filter((n) => hashes.get(n) !== lines.find((line) => line.count === n)?.hash)).toEqual([]);
    expect(brokenAt).toBeNull();
    expect(count - counts.length).toBeLessThanOrEqual(1); // at most the row whose line was not out yet
    for (const { begun } of lines)
      if (begun !== undefined) expect((await store.operations.get(begun))?.state).toBe('queued');
    await store.close();
  });

  it('refuses to audit when the file cannot grow, and keeps what it promised before', async () => {
    // A limit on the size of files (blocks of 512 or 1024 bytes) stands for the full disk, without needing root.
    const script = 'ulimit -f 2000; exec "$0" "$@"';
    const lines = await runChild(
      '/bin/sh',
      ['-c', script, process.execPath, '--disable-warning=ExperimentalWarning'],
      Infinity,
    );

    const end = lines.at(-1);
    const promised = lines.filter((line) => line.count !== undefined).length;
    expect(promised).toBeGreaterThan(10);
    expect(['audit_unwritable', 'io_failed', 'disk_full']).toContain(end?.refused);
    expect(end?.head).toBe(promised);
    const store = await openForTest(path);
    expect(await store.audit.verify([])).toMatchObject({ count: promised, brokenAt: null });
    await store.close();
  });

  it('refuses to write when its file was removed or replaced while it was open', async () => {
    const store = await openForTest(path);
    await store.audit.append(auditOf());
    renameSync(path, `${path}.away`);

    await expect(store.audit.append(auditOf())).rejects.toMatchObject({ code: 'audit_unwritable' });
    await expect(store.audit.append(auditOf())).rejects.toThrow(/was removed while genesis runs/);
    await expect(store.operations.begin(operationOf({ id: 'o1' }))).rejects.toMatchObject({ code: 'io_failed' });
    writeFileSync(path, '');
    await expect(store.audit.append(auditOf())).rejects.toThrow(/was replaced by another file/);
    renameSync(`${path}.away`, path);
    expect(await store.audit.append(auditOf())).toMatchObject({ count: 2 });
    await store.close();
  });

  it('refuses to audit after it was closed', async () => {
    const store = await openForTest(path);
    await store.facts.set('a', '1');
    await store.close();
    await store.close();

    await expect(store.audit.append(auditOf())).rejects.toMatchObject({ code: 'audit_unwritable' });
  });
});

describe('a state that cannot be opened', () => {
  it('is refused when it is damaged, and left as it is', async () => {
    const store = await openForTest(path);
    for (let n = 0; n < 200; n += 1) await store.facts.set(`fact${n}`, 'x'.repeat(200));
    await store.close();
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xaa, 8 * 4096, 12 * 4096));

    expect(errorOf(await openStore(testOptions(path)))).toMatchObject({ code: 'state_corrupt' });
    expect(errorOf(await openReadOnly(testOptions(path)))).toMatchObject({ code: 'state_corrupt' });
    expect(readFileSync(path).equals(bytes)).toBe(true);
    truncateSync(path, 5 * 4096);
    expect(errorOf(await openStore(testOptions(path)))).toMatchObject({ code: 'state_corrupt' });
  });

  it('is refused when it is something else', async () => {
    mkdirSync(dirname(path));
    writeFileSync(path, 'this is a letter, not a database. '.repeat(50));
    expect(errorOf(await openStore(testOptions(path)))).toMatchObject({ code: 'state_corrupt' });
    await rm(path);
    const other = new DatabaseSync(path);
    other.exec('create table invoices (id text)');
    other.close();
    expect(errorOf(await openStore(testOptions(path)))).toEqual({
      code: 'state_corrupt',
      message: `${path} is a database, but not a state of genesis`,
    });
  });

  it('is refused when its place cannot be used', async () => {
    writeFileSync(join(folder, 'file'), '');
    expect(errorOf(await openStore(testOptions(join(folder, 'file', 'genesis.db')))).code).toBe('home_unusable');
    mkdirSync(path, { recursive: true });
    expect(errorOf(await openStore(testOptions(path))).code).toBe('home_unusable');
  });

  it('is only read where nothing may be written', async () => {
    expect(errorOf(await openReadOnly(testOptions(path)))).toEqual({
      code: 'home_unusable',
      message: `there is no state at ${path}`,
    });
    const store = await openForTest(path);
    await store.facts.set('a', '1');
    await store.close();

    const opened = await openReadOnly(testOptions(path));

    if (!opened.ok) throw opened.error;
    expect(await opened.value.facts.get('a')).toBe('1');
    await expect(opened.value.facts.set('a', '2')).rejects.toMatchObject({ code: 'io_failed' });
    await expect(opened.value.audit.append(auditOf())).rejects.toMatchObject({ code: 'audit_unwritable' });
    await opened.value.close();
  });
});
