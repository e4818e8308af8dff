import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';

/**
 * Tests that go on from each other on one page: once a step has failed, the next ones fail at once instead of each waiting for what
 * cannot come. With GENESIS_TEST_PICTURES, the page as it stood at the failure is kept in that folder.
 */
export function walkOn(pageOf: () => Page | undefined) {
  let broken: string | null = null;
  return (name: string, step: () => Promise<void>, deadlineMs = 120_000): void =>
    it(
      name,
      async () => {
        if (broken !== null) throw new Error(`not reached: "${broken}" failed`);
        try {
          await step();
        } catch (error) {
          broken = name;
          await keepPicture(pageOf(), name);
          throw error;
        }
      },
      deadlineMs,
    );
}

async function keepPicture(page: Page | undefined, name: string): Promise<void> {
  const folder = process.env['GENESIS_TEST_PICTURES'];
  if (folder === undefined || page === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name.replaceAll(/\W+/g, '-').slice(0, 80)}.png`) });
}
