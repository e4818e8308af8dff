import { jest } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '../port.ts';
import { storeConformance } from '../conformance.ts';
import { openForTest } from './testing.ts';

// Every write waits for the disk, and a busy one takes its time.
jest.setTimeout(60_000);

storeConformance('sqlite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'genesis-store-'));
  const path = join(folder, 'state', 'genesis.db');
  let store: Store = await openForTest(path);
  return {
    store,
    async reopen() {
      await store.close();
      store = await openForTest(path);
      return store;
    },
    async cleanup() {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
});
