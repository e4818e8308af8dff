import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { backUp, catalogue } from '../../exporter/e2e/support/actions.ts';
import { startBrowser } from '../../exporter/e2e/support/browser.ts';
import { cleanUp } from '../../exporter/e2e/support/processes.ts';
import type { Operation } from '../../exporter/src/contract/index.ts';
import { testIds } from '../src/components/testIds.ts';
import { backupTestIds } from '../src/pages/Backups/testIds.ts';
import { operationTestIds } from '../src/pages/Operations/testIds.ts';
import { ensureBuilt } from './support/built.ts';
import { startConsole, type Console } from './support/console.ts';
import { flowOf, isRefused } from './support/flow.ts';
import { expectNoConsoleErrors } from './support/opened.ts';
import { startShop, type Shop } from './support/shop.ts';

describe('the dialog of an action', () => {
  let shop: Shop;
  let browser: Browser;
  let opened: Console;
  let page: Page;
  let id: string;
  const flow = () => flowOf(page);
  const operations = async (): Promise<readonly Operation[]> =>
    (await shop.genesis.api<{ items: Operation[] }>('GET', '/operations?limit=500')).body.items;

  beforeAll(async () => {
    await ensureBuilt(12);
    [shop, browser] = await Promise.all([startShop(), startBrowser()]);
    ({ id } = await backUp(shop.genesis));
    writeFileSync(path.join(shop.data, 'first.txt'), 'changed since');
    await backUp(shop.genesis, 'incremental');
    opened = await startConsole({ ...shop, browser, role: 'admin', path: 'backups' });
    ({ page } = opened);
  }, 300_000);
  afterAll(async () => {
    await opened?.close();
    await browser?.close();
    await cleanUp();
  }, 60_000);
  afterEach(async () => {
    expectNoConsoleErrors(opened);
  });

  it('makes one operation of a double click', async () => {
    const before = (await operations()).length;
    await page.getByTestId(backupTestIds.start).click();
    await flow().planned();

    await flow().submit.dblclick();

    expect(await flow().ended()).toBe('succeeded');
    await flow().close();
    expect(await operations()).toHaveLength(before + 1);
  }, 90_000);

  it('keeps its button disabled until a reason is given and exactly the right words are typed', async () => {
    const newest = (await catalogue(shop.genesis))[0]?.id;
    await opened.goto(`backups?backup=${newest}`);
    await page.getByTestId(backupTestIds.remove).click();
    await flow().planned();
    const wanted = /Type (\S+) to confirm/.exec(await flow().dialog.innerText())?.[1] ?? '';
    expect(wanted).not.toBe('');

    expect(await isRefused(flow().submit)).toBe(true);
    await flow().reason.fill('a test of the words');
    for (const wrong of ['', wanted.slice(0, -1), `${wanted}x`, wanted.toUpperCase()]) {
      await flow().confirm.fill(wrong);
      expect([wrong, await isRefused(flow().submit)]).toEqual([wrong, true]);
    }
    await page.keyboard.press('Enter');
    await flow().confirm.fill(wanted);
    expect(await isRefused(flow().submit)).toBe(false);
    await flow().reason.fill('   ');
    expect(await isRefused(flow().submit)).toBe(true);

    await page.keyboard.press('Escape');
    await flow().dialog.waitFor({ state: 'detached' });
    expect((await catalogue(shop.genesis)).map(({ id }) => id)).toContain(newest);
  }, 90_000);

  it('refuses a plan that no longer holds, shows the new one with what has changed, and then does that', async () => {
    opened.allow(/answer: POST .*operate\/backups 409/);
    await opened.goto('backups');
    await page.getByTestId(backupTestIds.start).click();
    await flow().planned();

    // The next incremental builds upon this one, no longer upon the one that the plan names.
    const between = await backUp(shop.genesis, 'incremental');
    const before = (await operations()).length;
    await flow().submit.click();
    await flow().changed.waitFor();

    expect(await flow().changed.innerText()).toMatch(
      new RegExp(`Things have changed since you looked[^]*${between.id}`),
    );
    expect(await flow().dialog.getAttribute('data-stage')).toBe('review');
    expect(await operations()).toHaveLength(before);
    expect(await flow().run()).toBe('succeeded');
    await flow().close();
  }, 90_000);

  it('says in its place what the exporter refuses, and by whom it is held', async () => {
    opened.allow(/answer: POST .*\/delete 409/);
    const newest = (await catalogue(shop.genesis))[0]?.id;
    await opened.goto(`backups?backup=${newest}`);
    await page.getByTestId(backupTestIds.remove).click();
    await flow().planned();
    await flow().reason.fill('a test of refusals');
    await flow().confirm.fill(/Type (\S+) to confirm/.exec(await flow().dialog.innerText())?.[1] ?? '');

    // Nothing built upon it when the plan was made; this does.
    const later = await backUp(shop.genesis, 'incremental');
    await flow().submit.click();
    await flow().dialog.getByText('It was not done').waitFor();

    expect((await catalogue(shop.genesis)).map(({ id: one }) => one)).toEqual(
      expect.arrayContaining([newest, later.id]),
    );
    await page.keyboard.press('Escape');
    await flow().dialog.waitFor({ state: 'detached' });
  }, 90_000);

  it('is opened, planned, given a reason, confirmed and left by the keyboard alone, and gives the focus back', async () => {
    await opened.goto(`backups?backup=${id}`);
    const button = page.getByTestId(backupTestIds.verify);
    await button.waitFor();
    await tabTo(page, backupTestIds.verify);
    expect(await hasRing(page)).toBe(true);
    await page.keyboard.press('Enter');
    await flow().planned();

    await page.keyboard.press('Escape');
    await flow().dialog.waitFor({ state: 'detached' });
    expect(await focused(page)).toBe(backupTestIds.verify);

    await page.keyboard.press('Enter');
    await flow().planned();
    await tabTo(page, testIds.flow.reason);
    await page.keyboard.type('by the keyboard');
    await tabTo(page, testIds.flow.submit);
    expect(await hasRing(page)).toBe(true);
    await page.keyboard.press('Enter');
    expect(await flow().ended()).toBe('succeeded');
    await page.keyboard.press('Escape');
    await flow().dialog.waitFor({ state: 'detached' });
    expect(await focused(page)).toBe(backupTestIds.verify);
    expect((await operations())[0]).toMatchObject({ kind: 'verify', reason: 'by the keyboard' });
  }, 120_000);

  it('leaves its operation under a link that survives a reload', async () => {
    const [last] = await operations();
    await opened.goto(`operations?operation=${last?.id}`);
    const drawer = page.getByTestId(operationTestIds.drawer);
    await drawer.getByText('by the keyboard').waitFor();

    await page.reload();

    await drawer.getByText('by the keyboard').waitFor();
    expect(await drawer.getAttribute('data-operation')).toBe(last?.id);
    expect(await drawer.getByTestId(testIds.flow.progress).getAttribute('data-state')).toBe('succeeded');
  }, 60_000);
});

/** The test id of the element that has the focus, or of the nearest around it. */
function focused(page: Page): Promise<string | null> {
  return page.evaluate("document.activeElement?.closest('[data-testid]')?.getAttribute('data-testid') ?? null");
}

async function tabTo(page: Page, testId: string): Promise<void> {
  const seen: (string | null)[] = [];
  for (let presses = 0; presses < 60; presses += 1) {
    if ((await page.evaluate("document.activeElement?.getAttribute('data-testid') ?? null")) === testId) return;
    await page.keyboard.press('Tab');
    seen.push(await focused(page));
  }
  throw new Error(`the Tab key does not lead to ${testId}: ${seen.join(', ')}`);
}

/** Whether something is drawn around the focused element that tells it from the others. */
function hasRing(page: Page): Promise<boolean> {
  return page.evaluate(`(() => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement);
    return (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none';
  })()`);
}
