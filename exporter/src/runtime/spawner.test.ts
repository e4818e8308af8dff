import { spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ProcessId } from '../ports/index.ts';
import { systemSpawner } from './spawner.ts';
import { temporaryFolder } from './testing.ts';

const folder = temporaryFolder();
const started: ProcessId[] = [];
afterAll(async () => {
  for (const id of started) await systemSpawner.signal(id, 'SIGKILL');
  folder.remove();
});

async function sleeper(env: Readonly<Record<string, string>>, script = 'sleep 60'): Promise<ProcessId> {
  const options = { cwd: folder.path, env, logFile: join(folder.path, 'log') };
  const id = await systemSpawner.spawn('sh', ['-c', script], options);
  if (!id.ok) throw id.error;
  started.push(id.value);
  return id.value;
}
const runs = async (id: ProcessId): Promise<boolean | string> => {
  const seen = await systemSpawner.isRunning(id);
  return seen.ok ? seen.value : seen.error.code;
};
async function until(what: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await what())) {
    if (performance.now() > deadline) throw new Error('it did not come to that');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('a child that outlives us', () => {
  it('has its environment and its log, and nothing else of ours but PATH', async () => {
    process.env['GENESIS_TEST_LEAK'] = 'leaked';
    const id = await sleeper({ MINE: 'a b' }, 'env; exec sleep 60');
    delete process.env['GENESIS_TEST_LEAK'];
    const log = join(folder.path, 'log');
    await until(async () => readFileSync(log, 'utf8').includes('MINE'));

    expect(readFileSync(log, 'utf8')).toContain('MINE=a b');
    expect(readFileSync(log, 'utf8')).not.toContain('leaked');
    expect(readFileSync(log, 'utf8')).toContain(`PATH=${process.env['PATH']}`);
    expect(statSync(log).mode & 0o777).toBe(0o600);
    expect(await runs(id)).toBe(true);
  });

  it('is known by its start and its boot, not by its number', async () => {
    const id = await sleeper({});

    expect(await runs({ ...id, startTicks: id.startTicks - 1 })).toBe(false);
    expect(await runs({ ...id, boot: 'another' })).toBe(false);
    expect(await systemSpawner.signal({ ...id, startTicks: 1 }, 'SIGKILL')).toEqual({ ok: true, value: false });
    expect(await runs(id)).toBe(true);
    expect(await systemSpawner.signal(id, 'SIGKILL')).toEqual({ ok: true, value: true });
    await until(async () => (await runs(id)) === false);
    expect(await systemSpawner.signal(id, 'SIGKILL')).toEqual({ ok: true, value: false });
  });

  it('is found by a variable, and told from what it has started', async () => {
    const marker = `test-${process.pid}-${performance.now()}`;
    const id = await sleeper({ MARK: marker, INSTANCE: 'web-1' }, 'sleep 60 & wait');
    await until(async () => {
      const all = await systemSpawner.find('MARK', marker, []);
      return all.ok && all.value.length === 2;
    });

    const all = await systemSpawner.find('MARK', marker, ['INSTANCE', 'NONE']);

    const found = all.ok ? [...all.value] : [];
    for (const one of found) started.push(one.id);
    expect(found.find(({ leader }) => leader)).toEqual({ id, leader: true, env: { INSTANCE: 'web-1' } });
    expect(found.map(({ leader }) => leader).sort()).toEqual([false, true]);
    expect(await systemSpawner.find('MARK', 'nobody has this', [])).toEqual({ ok: true, value: [] });
  });

  it('goes on when the one that started it is killed', async () => {
    const marker = `orphan-${process.pid}-${performance.now()}`;
    const program = `
      import { systemSpawner } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, 'spawner.ts')).href)};
      await systemSpawner.spawn('sleep', ['60'], { cwd: '/', env: { MARK: ${JSON.stringify(marker)} }, logFile: ${JSON.stringify(join(folder.path, 'orphan.log'))} });
      process.kill(process.pid, 'SIGKILL');`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'ignore' });
    const ended = await new Promise((resolve) => parent.once('exit', (_code, signal) => resolve(signal)));

    const left = await systemSpawner.find('MARK', marker, []);

    const found = left.ok ? left.value : [];
    for (const { id } of found) started.push(id);
    expect(ended).toBe('SIGKILL');
    expect(found).toMatchObject([{ leader: true }]);
  });

  it('that cannot be started is said to', async () => {
    const options = { cwd: folder.path, env: {}, logFile: join(folder.path, 'log') };
    const codes = [
      await systemSpawner.spawn('/none/such', [], options),
      await systemSpawner.spawn('sleep', ['60'], { ...options, cwd: '/none' }),
      await systemSpawner.spawn('sleep', ['60'], { ...options, logFile: '/none/log' }),
    ].map((one) => (one.ok ? 'ok' : one.error.code));

    expect(codes).toEqual(['exec_failed', 'exec_failed', 'exec_failed']);
  });
});
