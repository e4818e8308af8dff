import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Operation } from '../src/contract/operation.ts';
import { startGenesis, type Genesis } from './support/genesis.ts';
import { cleanUp, tempFolder, waitUntil } from './support/processes.ts';

let genesis: Genesis;
const home = tempFolder('genesis-home-');
const data = path.join(home, 'tree');
const repository = path.join(home, 'disk', 'repository');

beforeAll(async () => {
  mkdirSync(data);
  writeFileSync(path.join(data, 'a.txt'), 'one');
  genesis = await startGenesis({
    home,
    config: { services: [{ name: 'files', backup: { repository, components: { data: { paths: [data] } } } }] },
  });
  await waitUntil('the first backup', async () => (await backups()).length > 0 || undefined, {
    deadlineMs: 60_000,
    processes: [genesis.process],
  });
}, 120_000);
afterAll(cleanUp);

async function backups(): Promise<readonly { id: string }[]> {
  const reply = await genesis.api<{ items: { id: string }[] }>('GET', '/backups?service=files');
  return reply.body.items;
}

async function backUp(): Promise<Operation> {
  const begun = await waitUntil(
    'the service is free',
    async () => {
      const reply = await genesis.api<Operation>('POST', '/backups', { service: 'files', type: 'incremental' });
      return reply.status === 409 ? undefined : reply;
    },
    { deadlineMs: 60_000, processes: [genesis.process] },
  );
  expect(begun.status).toBe(202);
  return genesis.waitForOperation(begun.body.id);
}

it('does not fill the empty folder of an unmounted repository disk, and goes on when it is back', async () => {
  renameSync(path.dirname(repository), path.join(home, 'unmounted'));

  const failed = await backUp();
  expect(failed).toMatchObject({ state: 'failed', error: { code: 'repository_unreadable' } });
  expect(existsSync(repository)).toBe(false);
  expect(await backups()).toHaveLength(1);

  renameSync(path.join(home, 'unmounted'), path.dirname(repository));
  expect(await backUp()).toMatchObject({ state: 'succeeded', result: { type: 'incremental' } });
}, 120_000);
