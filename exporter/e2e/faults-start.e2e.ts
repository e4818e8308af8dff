import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { unprivileged } from '../src/engines/testing-unprivileged.ts';
import { backUp, shopConfig } from './support/actions.ts';
import { genesisCommand, startGenesis, type Genesis } from './support/genesis.ts';
import { cleanUp, tempFolder } from './support/processes.ts';
import { makeTree } from './support/tree.ts';

afterAll(cleanUp, 60_000);

const who = unprivileged();

/** What a person reads: Node's own warnings, which name the feature and not the fault, are left out. */
function said(output: string): string[] {
  return output.split('\n').filter((line) => line !== '' && !/ExperimentalWarning|--trace-warnings/.test(line));
}

describe('a start that cannot be', () => {
  const serve = (home: string, env: Record<string, string> = {}) =>
    genesisCommand(home, ['serve', '--home', home], {
      env: { GENESIS_LISTEN: '127.0.0.1:0', ...env },
      deadlineMs: 30_000,
    });

  it('a second instance on the same home: one sentence, exit 2, the first unharmed', async () => {
    const data = path.join(tempFolder('genesis-data-'), 'data');
    makeTree(data, { files: 5, bytesPerFile: 1_000, seed: 'two' });
    const first: Genesis = await startGenesis({ config: shopConfig(data) });
    const before = readFileSync(path.join(first.home, 'run', 'address'), 'utf8');

    const second = await serve(first.home);
    expect(second.exitCode).toBe(2);
    expect(said(second.output)).toEqual([
      expect.stringMatching(new RegExp(`^genesis: another genesis \\(process ${first.pid}\\) .*${first.home}`)),
    ]);

    expect(readFileSync(path.join(first.home, 'run', 'address'), 'utf8')).toBe(before);
    expect((await first.get('/healthz')).status).toBe(200);
    expect(await backUp(first)).toMatchObject({ status: 'completed' });
    expect(await first.stop()).toBe(0);
  }, 90_000);

  it('a port in use: one sentence, exit 2, the home is free again', async () => {
    const home = tempFolder('genesis-home-');
    const other = createServer((_request, reply) => reply.end('somebody else'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };

    try {
      const refused = await serve(home, { GENESIS_LISTEN: `127.0.0.1:${port}` });
      expect({ exitCode: refused.exitCode, said: said(refused.output) }).toEqual({
        exitCode: 2,
        said: [expect.stringMatching(new RegExp(`^genesis: port ${port} on 127.0.0.1 is already in use`))],
      });
      expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('somebody else');
    } finally {
      other.closeAllConnections();
      other.close();
    }

    const genesis = await startGenesis({ home });
    expect(await genesis.stop()).toBe(0);
  }, 90_000);

  it(`a home that cannot be written (as ${who.how}): one sentence, exit 2, nothing damaged`, async () => {
    const folder = tempFolder('genesis-home-');
    const file = path.join(folder, 'a file');
    writeFileSync(file, 'mine');
    const closed = path.join(folder, 'closed');
    mkdirSync(closed, { mode: 0o555 });
    chmodSync(folder, 0o755);
    for (const home of [path.join(file, 'home'), file, closed, path.join(closed, 'home')]) {
      const refused = await genesisCommand('/', ['serve', '--home', home], {
        env: { GENESIS_LISTEN: '127.0.0.1:0' },
        launcher: who.launcher,
        deadlineMs: 30_000,
      });
      expect({ home, exitCode: refused.exitCode, said: said(refused.output) }).toEqual({
        home,
        exitCode: 2,
        said: [expect.stringContaining(home)],
      });
    }
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(readdirSync(closed)).toEqual([]);
  }, 60_000);
});
