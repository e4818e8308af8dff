import path from 'node:path';
import type { Browser } from 'playwright-core';
import { startBrowser } from '../../exporter/e2e/support/browser.ts';
import { cleanUp, sleep, waitUntil } from '../../exporter/e2e/support/processes.ts';
import { testIds } from '../src/components/testIds.ts';
import { backupTestIds } from '../src/pages/Backups/testIds.ts';
import { drillTestIds } from '../src/pages/Drills/testIds.ts';
import { replicationTestIds } from '../src/pages/Replication/testIds.ts';
import { ensureBuilt } from './support/built.ts';
import { startConsole, type Console } from './support/console.ts';
import { flowOf } from './support/flow.ts';
import { expectNoConsoleErrors } from './support/opened.ts';
import { databaseService as service, startPostgresShop, type PostgresShop } from './support/postgres-shop.ts';
import { walkOn } from './support/walk.ts';

/** A real PostgreSQL with a standby, from its first backup to a chosen second, all of it in the browser. */
describe('a database in the browser', () => {
  let shop: PostgresShop;
  let browser: Browser;
  let opened: Console;
  const flow = () => flowOf(opened.page);
  const step = walkOn(() => opened?.page);

  beforeAll(async () => {
    await ensureBuilt(12);
    [shop, browser] = await Promise.all([startPostgresShop(), startBrowser()]);
    opened = await startConsole({ genesis: shop.genesis, browser, path: 'backups' });
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await shop?.stop();
    await cleanUp();
  }, 120_000);

  step('is backed up, with the types that its engine knows', async () => {
    const { page } = opened;
    await page.getByTestId(backupTestIds.start).click();
    await flow().dialog.getByRole('radio', { name: 'Differential' }).waitFor();
    await flow().dialog.getByRole('radio', { name: 'Full' }).click();
    await flow().dialog.getByText('Everything anew').waitFor();
    await flow().planned();

    expect(await flow().run()).toBe('succeeded');
    await flow().close();
  });

  step('shows its standby, which follows, and its archive, which works', async () => {
    const { page } = opened;
    await opened.goto('replication');
    const card = page.getByTestId(replicationTestIds.service(service));
    const row = card.getByRole('row').filter({ hasText: 'standby-1' });
    await row.getByText('Follows').waitFor({ timeout: 60_000 });

    expect(await card.innerText()).toMatch(/Archiving of the log\s*Works/);
  });

  step('shows where its backups are, and how far single moments reach', async () => {
    const { page } = opened;
    await opened.goto('backups?view=sources');
    const source = page.getByTestId(backupTestIds.source(service));
    await source.getByTestId(backupTestIds.windows).getByRole('row').nth(1).waitFor({ timeout: 60_000 });

    const text = await source.innerText();
    expect(text).toMatch(/pgbackrest 2\.\d+/);
    expect(text).toMatch(/repository[\s\S]*Up to date/);
    expect(text).toContain('No segment of the log is missing.');
  });

  step(
    'brings back the second that was chosen on the timeline',
    async () => {
      const { page } = opened;
      await sleep(3_000);
      const wanted = Math.floor(Date.now() / 1000) * 1000 - 1_000;
      const at = new Date(wanted).toISOString();
      await waitUntil(
        'the window reaches that second',
        async () => {
          const { body } = await shop.genesis.api<{ pitr: { value?: { newestRestorableAt: string | null } } }>(
            'GET',
            `/services/${service}`,
          );
          return Date.parse(body.pitr.value?.newestRestorableAt ?? '') > wanted + 4_000 ? true : undefined;
        },
        { deadlineMs: 60_000 },
      );
      await opened.goto(`backups?view=timeline&service=${service}&asOf=${new Date(wanted + 2_000).toISOString()}`);
      const slider = page.getByRole('slider', { name: 'Moment to go back to' });
      await slider.press('Shift+ArrowLeft');
      await slider.press('Shift+ArrowLeft');
      const reach = page.getByTestId(backupTestIds.reach).and(page.locator('[data-moment=exact]'));
      await reach.waitFor();
      expect(new URL(page.url()).searchParams.get('asOf')).toBe(at);
      await reach.getByTestId(backupTestIds.restore).click();
      const folder = path.join(shop.genesis.home, 'restores', 'wanted');
      await flow().dialog.getByLabel('Folder (optional)').fill(folder);
      await flow().dialog.getByLabel('Folder (optional)').press('Enter');
      await flow().dialog.locator('[data-reachable=true]').waitFor();
      await flow().plan.getByText(folder).first().waitFor();

      expect(await flow().run()).toBe('succeeded');

      await flow().close();
      const newest = shop.newestRow(path.join(folder, 'cluster'));
      const expected = shop.canary.acknowledged.filter((row) => row.at <= wanted).at(-1)?.at ?? Number.NaN;
      expect(newest).toBeLessThanOrEqual(wanted);
      expect(newest).toBeGreaterThanOrEqual(expected - 1_000);
    },
    240_000,
  );

  step('is told beforehand that a second after the archive cannot be had', async () => {
    const { page } = opened;
    await opened.goto(`backups?view=timeline&service=${service}`);
    await page.getByTestId(backupTestIds.reach).getByTestId(backupTestIds.restore).click();
    await flow().dialog.getByRole('radio', { name: 'To a moment' }).waitFor();
    const later = new Date(Date.now() + 86_400_000).toISOString().slice(0, 19);
    await flow().dialog.getByLabel('Moment (local time)').fill(later);
    await flow().blockers.waitFor();

    expect(await flow().submit.isDisabled()).toBe(true);
    await flow().dialog.getByRole('button', { name: 'Cancel' }).click();
  });

  step('is drilled, and shows level by level what that proved', async () => {
    const { page } = opened;
    await opened.goto('drills');
    await page.getByTestId(drillTestIds.run(service)).click();
    await flow().planned();
    expect(await flow().run()).toBe('succeeded');
    await flow().result.getByRole('link', { name: 'See the evidence' }).click();
    const levels = page.getByTestId(drillTestIds.levels).locator('[data-result=passed]');

    await waitUntil('four levels are shown', async () => (await levels.count()) === 4);
    expect(await flow().dialog.count()).toBe(0);
    expect(await page.getByTestId(drillTestIds.evidence).innerText()).toMatch(/Where the time went\s*Restore/);
  });

  step('says within seconds that a standby that was killed is gone, and not that it lags by nothing', async () => {
    const { page } = opened;
    await opened.goto('replication');
    const row = page.getByTestId(replicationTestIds.service(service)).getByRole('row').filter({ hasText: 'standby-1' });
    await row.getByText('Follows').waitFor();
    await shop.standby.kill();
    await row.getByText('Disconnected').waitFor({ timeout: 45_000 });

    const cells = await row.getByRole('cell').allInnerTexts();
    expect(cells[2]).not.toMatch(/^0 /);
    expect(await page.getByTestId(testIds.connection.notice).count()).toBe(0);
    expectNoConsoleErrors(opened);
  });
});
