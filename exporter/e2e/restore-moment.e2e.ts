import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { CatalogueEntry } from '../src/contract/backup.ts';
import type { Operation } from '../src/contract/operation.ts';
import { genesisCommand, startGenesis, type Genesis } from './support/genesis.ts';
import { cleanUp, tempFolder, waitUntil } from './support/processes.ts';

let genesis: Genesis;
const home = tempFolder('genesis-home-');
const data = path.join(home, 'tree');
const lastToBeRead = path.join(data, 'z.txt');

beforeAll(async () => {
  mkdirSync(data);
  for (let i = 0; i < 24; i++) writeFileSync(path.join(data, `a${i}.bin`), randomBytes(1024 * 1024));
  writeFileSync(lastToBeRead, 'still here');
  genesis = await startGenesis({
    home,
    config: {
      services: [
        {
          name: 'files',
          backup: {
            repository: path.join(home, 'repository'),
            components: { data: { paths: [data] } },
            // Slow enough to do something to the tree in the middle of it.
            limits: { bandwidth: '8MiB' },
          },
        },
      ],
    },
  });
  await waitUntil('the first backup', async () => (await backups()).length > 0 || undefined, {
    deadlineMs: 60_000,
    processes: [genesis.process],
  });
}, 120_000);
afterAll(cleanUp);

async function backups(): Promise<readonly CatalogueEntry[]> {
  const reply = await genesis.api<{ items: CatalogueEntry[] }>('GET', '/backups?service=files');
  return reply.body.items;
}

it('restores for a moment what was there at it, not what a backup that was still copying then took in later', async () => {
  const [first] = await backups();
  const begun = await waitUntil(
    'the service is free',
    async () => {
      const reply = await genesis.api<Operation>('POST', '/backups', { service: 'files', type: 'full' });
      return reply.status === 409 ? undefined : reply.body;
    },
    { deadlineMs: 60_000, processes: [genesis.process] },
  );
  await waitUntil(
    'the copying has begun',
    async () => {
      const { body } = await genesis.api<Operation>('GET', `/operations/${begun.id}`);
      return (body.progress?.bytesDone ?? 0) > 0 || undefined;
    },
    { deadlineMs: 30_000, intervalMs: 50, processes: [genesis.process] },
  );
  const moment = new Date().toISOString();
  rmSync(lastToBeRead);
  await genesis.waitForOperation(begun.id);
  const second = (await backups()).find(({ id }) => id !== first?.id);
  // Otherwise nothing is shown: it must have begun before the moment and ended after it.
  expect([
    Date.parse(second?.startedAt ?? '') < Date.parse(moment),
    Date.parse(second?.endedAt ?? '') > Date.parse(moment),
  ]).toEqual([true, true]);

  const target = path.join(home, 'restores', 'look');
  const ran = await genesisCommand(home, ['restore', 'latest', '--service', 'files', '--at', moment, '--to', target]);

  expect(ran.output).toContain(first?.id);
  expect(existsSync(path.join(target, 'data', 'tree', 'z.txt'))).toBe(true);
}, 120_000);
