import path from 'node:path';
import { shopConfig, type ShopOptions } from '../../../exporter/e2e/support/actions.ts';
import { startGenesis, type Genesis } from '../../../exporter/e2e/support/genesis.ts';
import { tempFolder } from '../../../exporter/e2e/support/processes.ts';
import { makeTree } from '../../../exporter/e2e/support/tree.ts';

/** An exporter with one service `shop` on a real tree of files, that does nothing by itself. */
export interface Shop {
  readonly genesis: Genesis;
  /** The tree that is backed up. */
  readonly data: string;
}

export async function startShop(options: ShopOptions = {}): Promise<Shop> {
  const data = path.join(tempFolder('genesis-shop-'), 'data');
  makeTree(data, { files: 40, bytesPerFile: 20_000, seed: 'shop' });
  return { data, genesis: await startGenesis({ config: shopConfig(data, options) }) };
}
