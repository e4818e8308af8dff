import path from 'node:path';
import type { Operation } from '../src/contract/operation.ts';
import { catalogue, shopConfig } from './support/actions.ts';
import { startGenesis, type ApiReply, type Genesis } from './support/genesis.ts';
import { cleanUp, tempFolder } from './support/processes.ts';
import { makeTree } from './support/tree.ts';

afterAll(cleanUp, 60_000);

type Reply = ApiReply<Operation & { readonly code?: string }>;
const requests = 1_000;

describe(`${requests} requests for a backup at the same time`, () => {
  let genesis: Genesis;

  beforeEach(async () => {
    const data = path.join(tempFolder('genesis-data-'), 'data');
    makeTree(data, { files: 6, bytesPerFile: 500_000, seed: 'duplicates' });
    // Slow enough to be running while the requests arrive.
    genesis = await startGenesis({
      config: shopConfig(data, { backup: { limits: { bandwidth: '1MiB' }, verify_after: false } }),
    });
  }, 60_000);

  afterEach(() => genesis.stop());

  const ask = (headers: Record<string, string>, type = 'full'): Promise<Reply> =>
    genesis.api('POST', '/backups', { service: 'shop', type }, { headers });
  const all = (headers: () => Record<string, string>): Promise<Reply[]> =>
    Promise.all(Array.from({ length: requests }, () => ask(headers())));
  const backups = async (): Promise<Operation[]> =>
    (await genesis.api<{ items: Operation[] }>('GET', '/operations?kind=backup&limit=500')).body.items;

  it('with one Idempotency-Key are one operation and one backup, also after a crash', async () => {
    const key = { 'idempotency-key': 'the same for all' };
    const replies = await all(() => key);
    expect([...new Set(replies.map((reply) => reply.status))]).toEqual([202]);
    const ids = new Set(replies.map((reply) => reply.body.id));
    expect(ids.size).toBe(1);
    const [id = ''] = ids;
    expect(await genesis.waitForOperation(id)).toMatchObject({ state: 'succeeded' });
    expect(await backups()).toHaveLength(1);
    expect(await catalogue(genesis)).toHaveLength(1);

    expect((await ask(key, 'incremental')).body).toMatchObject({ code: 'idempotency_conflict' });
    await genesis.kill9();
    genesis = await startGenesis({ home: genesis.home });
    expect((await ask(key)).body).toMatchObject({ id, state: 'succeeded' });
    expect(await catalogue(genesis)).toHaveLength(1);
  }, 120_000);

  it('without a key run one at a time, the others are refused with its holder', async () => {
    const replies = await all(() => ({}));
    const accepted = replies.filter((reply) => reply.status === 202);
    const refused = replies.filter((reply) => reply.status !== 202);
    expect(accepted.length).toBeGreaterThanOrEqual(1);
    expect([...new Set(refused.map((reply) => `${reply.status} ${reply.body.code}`))]).toEqual([
      '409 operation_conflict',
    ]);

    const ended = await Promise.all(accepted.map((reply) => genesis.waitForOperation(reply.body.id)));
    expect(ended.map((operation) => operation.state)).toEqual(ended.map(() => 'succeeded'));
    expect(await backups()).toHaveLength(accepted.length);
    expect(await catalogue(genesis)).toHaveLength(accepted.length);
    const inTurn = ended.toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
    for (const [index, operation] of inTurn.entries()) {
      const previous = inTurn[index - 1];
      if (previous !== undefined)
        expect(Date.parse(operation.startedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(previous.endedAt ?? ''));
    }
  }, 120_000);

  it('with a key each are one at a time as well, and a refused key may be used again', async () => {
    let next = 0;
    const replies = await all(() => ({ 'idempotency-key': `key ${next++}` }));
    const accepted = replies.filter((reply) => reply.status === 202);
    for (const reply of accepted) await genesis.waitForOperation(reply.body.id);
    expect(await catalogue(genesis)).toHaveLength(accepted.length);

    const index = replies.findIndex((reply) => reply.status === 409);
    expect(index).toBeGreaterThanOrEqual(0);
    const again = await ask({ 'idempotency-key': `key ${index}` });
    expect(again.status).toBe(202);
    expect(await genesis.waitForOperation(again.body.id)).toMatchObject({ state: 'succeeded' });
  }, 120_000);
});
