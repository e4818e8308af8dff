import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { backUp } from '../../exporter/e2e/support/actions.ts';
import { startBrowser } from '../../exporter/e2e/support/browser.ts';
import { restoredRoot } from '../../exporter/e2e/support/moments.ts';
import { cleanUp, tempFolder, waitUntil } from '../../exporter/e2e/support/processes.ts';
import { copyTree, differences } from '../../exporter/e2e/support/tree.ts';
import type { AuditEntry } from '../src/api/types.ts';
import { testIds } from '../src/components/testIds.ts';
import { auditTestIds } from '../src/pages/Audit/testIds.ts';
import { backupTestIds } from '../src/pages/Backups/testIds.ts';
import { drillTestIds } from '../src/pages/Drills/testIds.ts';
import { ask } from './support/ask.ts';
import { ensureBuilt } from './support/built.ts';
import { flowOf } from './support/flow.ts';
import { expectNoConsoleErrors, openPage, type Opened } from './support/opened.ts';
import { shellOf } from './support/shell.ts';
import { walkOn } from './support/walk.ts';
import { startShop, type Shop } from './support/shop.ts';

/** One walk from the printed link to the proof: each step goes on from where the one before it left the page. */
describe('somebody new, who has only the printed link', () => {
  let shop: Shop;
  let browser: Browser;
  let opened: Opened;
  let before: string;
  /** Of the backup that was made by hand in the page. */
  let id: string;
  let restoreOperation: string;

  beforeAll(async () => {
    await ensureBuilt(12);
    [shop, browser] = await Promise.all([startShop(), startBrowser()]);
    opened = await openPage(browser, shop.genesis.url);
    before = path.join(tempFolder('genesis-before-'), 'data');
    copyTree(shop.data, before);
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await cleanUp();
  }, 60_000);

  const flow = () => flowOf(opened.page);
  const step = walkOn(() => opened?.page);

  step('reads on the first page that nothing could be recovered, and why', async () => {
    const { page } = opened;
    await page.goto(/http:\/\/\S+\/login#code=\S+/.exec(shop.genesis.output())?.[0] ?? '');
    const headline = page.getByTestId(testIds.overview.headline);
    await headline.waitFor();

    expect(await headline.innerText()).toContain('0 of 1 could be recovered now');
    expect(await page.getByTestId(testIds.overview.service('shop')).getAttribute('data-answer')).toBe('no');
    expect(await page.getByTestId(testIds.overview.service('shop')).innerText()).toMatch(/no .*backup/i);
  });

  step('starts a full backup behind its plan and watches it end', async () => {
    const { page } = opened;
    await shellOf(page).open('Backups');
    await page.getByText('There is no backup yet').waitFor();
    await page.getByTestId(backupTestIds.start).click();
    await flow().dialog.getByRole('radio', { name: 'Full' }).click();
    await flow().dialog.getByText('Everything anew').waitFor();
    expect(await flow().planned()).toMatch(/What will happen[\s\S]*Expected time[\s\S]*Way back/);

    expect(await flow().run()).toBe('succeeded');

    await flow().result.getByRole('link', { name: 'Open the backup' }).click();
    const drawer = page.getByTestId(backupTestIds.drawer);
    await drawer.waitFor();
    id = (await drawer.getAttribute('data-backup')) ?? '';
    expect(new URL(page.url()).searchParams.get('backup')).toBe(id);
  });

  step('finds it by a part of its name among others', async () => {
    const { page } = opened;
    writeFileSync(path.join(shop.data, 'first.txt'), 'changed after the first backup');
    writeFileSync(path.join(shop.data, 'new.txt'), 'was not there before');
    await backUp(shop.genesis, 'incremental');

    await opened.goto('backups');
    const rows = page.getByRole('table', { name: 'Backups' }).getByRole('row');
    await waitUntil('both backups are listed', async () => (await rows.count()) === 3);
    await page.getByRole('searchbox').fill(id.slice(-12));

    await waitUntil('one is left', async () => (await rows.count()) === 2);
    expect(await rows.nth(1).innerText()).toContain(id);
    expect(new URL(page.url()).searchParams.get('q')).toBe(id.slice(-12));
    await rows.nth(1).getByRole('button').click();
    await page.getByTestId(backupTestIds.drawer).waitFor();
  });

  step('verifies it', async () => {
    const { page } = opened;
    await page.getByTestId(backupTestIds.verify).click();
    await flow().planned();

    expect(await flow().run()).toBe('succeeded');

    await flow().close();
    await page.getByTestId(backupTestIds.drawer).getByText('Verified', { exact: true }).first().waitFor();
  });

  step('restores the state as of a moment between the backups into a new folder, byte by byte', async () => {
    const { page } = opened;
    await opened.goto('backups?view=timeline&service=shop');
    const reach = page.getByTestId(backupTestIds.reach);
    await reach.waitFor();
    expect(await reach.getAttribute('data-backup')).not.toBe(id);
    await page.getByRole('slider', { name: 'Moment to go back to' }).press('ArrowLeft');
    await page.locator(`[data-testid=${backupTestIds.reach}][data-backup="${id}"]`).waitFor();
    expect(new URL(page.url()).searchParams.get('asOf')).not.toBeNull();

    await reach.getByTestId(backupTestIds.restore).click();
    const folder = path.join(shop.genesis.home, 'restores', 'as-of');
    await flow().dialog.getByLabel('Folder (optional)').fill(folder);
    await flow().dialog.getByLabel('Folder (optional)').press('Enter');
    await flow().planned();
    expect(await flow().run()).toBe('succeeded');

    expect(await flow().result.innerText()).toContain(folder);
    const restored = restoredRoot(folder);
    expect(differences(before, restored)).toEqual([]);
    expect(differences(shop.data, restored)).not.toEqual([]);
    restoreOperation =
      new URL(
        (await flow().dialog.getByRole('link', { name: 'Open this operation' }).getAttribute('href')) ?? '',
        opened.url,
      ).searchParams.get('operation') ?? '';
    await flow().close();
  });

  step('runs a drill and sees its evidence', async () => {
    const { page } = opened;
    await opened.goto('drills');
    await page.getByTestId(drillTestIds.run('shop')).click();
    await flow().planned();

    expect(await flow().run()).toBe('succeeded');

    await flow().close();
    const row = page.getByRole('table', { name: 'Drills' }).getByRole('row').nth(1);
    await row.getByText('Passed').waitFor();
    await row.getByRole('button').click();
    await page.getByTestId(drillTestIds.evidence).getByText('Measured RTO').waitFor();
  });

  step('finds what was done in the audit log under the own name, whose chain is intact', async () => {
    const { page } = opened;
    const { name } = JSON.parse((await ask(page, 'GET', 'read/me')).text) as { name: string };
    await opened.goto(`audit?operationId=${restoreOperation}`);
    const rows = page.getByTestId(auditTestIds.table).getByRole('row');
    await rows.nth(1).waitFor();

    const texts = await rows.allInnerTexts();
    expect(texts.slice(1).every((text) => text.includes(name))).toBe(true);
    expect(texts.join('\n')).toMatch(/restore/i);
    expect(await page.getByTestId(auditTestIds.chain).innerText()).toContain('Chain verified');
  });

  for (const format of ['json', 'csv'] as const)
    step(`takes the log away as ${format}`, async () => {
      const { page } = opened;
      const download = page.waitForEvent('download');
      await page.getByTestId(auditTestIds.exportAs(format)).click();
      const file = await (await download).path();
      const text = readFileSync(file, 'utf8');

      expect((await download).suggestedFilename()).toMatch(new RegExp(`^genesis-audit-.*\\.${format}$`));
      if (format === 'json')
        expect((JSON.parse(text) as AuditEntry[]).every((row) => row.operationId === restoreOperation)).toBe(true);
      expect(text).toContain(restoreOperation);
    });

  step('reads on the first page that the service could be recovered now', async () => {
    const { page } = opened;
    await shellOf(page).open('Overview');
    await page
      .locator(`[data-testid=${testIds.overview.headline}]:is([data-answer=yes],[data-answer=gaps])`)
      .waitFor({ timeout: 45_000 });

    expect(await page.getByTestId(testIds.overview.headline).innerText()).toMatch(
      /1 of 1 could|could be recovered now/,
    );
    expectNoConsoleErrors(opened);
  });
});
