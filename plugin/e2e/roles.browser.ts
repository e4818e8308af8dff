import path from 'node:path';
import type { Browser } from 'playwright-core';
import { backUp } from '../../exporter/e2e/support/actions.ts';
import { startBrowser } from '../../exporter/e2e/support/browser.ts';
import { restoredRoot } from '../../exporter/e2e/support/moments.ts';
import { cleanUp } from '../../exporter/e2e/support/processes.ts';
import { differences } from '../../exporter/e2e/support/tree.ts';
import { permissions } from '../src/constants.ts';
import { backupTestIds } from '../src/pages/Backups/testIds.ts';
import { drillTestIds } from '../src/pages/Drills/testIds.ts';
import { ask } from './support/ask.ts';
import { ensureBuilt } from './support/built.ts';
import { startConsole, type Console } from './support/console.ts';
import { flowOf, isRefused, reasonOf } from './support/flow.ts';
import { expectNoConsoleErrors } from './support/opened.ts';
import { startShop, type Shop } from './support/shop.ts';
import { walkOn } from './support/walk.ts';

let shop: Shop;
let browser: Browser;
let id: string;
const codeOf = (text: string): string => (JSON.parse(text) as { code: string }).code;

beforeAll(async () => {
  await ensureBuilt(12);
  [shop, browser] = await Promise.all([startShop(), startBrowser()]);
  id = (await backUp(shop.genesis)).id;
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await cleanUp();
}, 60_000);

describe('an operator', () => {
  let opened: Console;
  const step = walkOn(() => opened?.page);
  const flow = () => flowOf(opened.page);

  step('backs up', async () => {
    opened = await startConsole({ ...shop, browser, role: 'operator', path: 'backups' });
    await opened.page.getByTestId(backupTestIds.start).click();
    await flow().planned();

    expect(await flow().run()).toBe('succeeded');
    await flow().close();
  });

  step('verifies', async () => {
    await opened.goto(`backups?backup=${id}`);
    await opened.page.getByTestId(backupTestIds.verify).click();
    await flow().planned();

    expect(await flow().run()).toBe('succeeded');
    await flow().close();
  });

  step('restores into a folder, and may not choose in place', async () => {
    const folder = path.join(shop.genesis.home, 'restores', 'by-operator');
    await opened.page.getByTestId(backupTestIds.restore).click();
    expect(
      await flow()
        .dialog.getByRole('radio', { name: /In place/ })
        .isDisabled(),
    ).toBe(true);
    expect(await flow().dialog.innerText()).toContain(permissions.admin);
    await flow().dialog.getByLabel('Folder (optional)').fill(folder);
    await flow().dialog.getByLabel('Folder (optional)').press('Enter');
    await flow().planned();

    expect(await flow().run()).toBe('succeeded');

    expect(differences(shop.data, restoredRoot(folder))).toEqual([]);
    await flow().close();
  });

  step('cannot press delete, which names the missing permission', async () => {
    const button = opened.page.getByTestId(backupTestIds.remove);

    expect(await isRefused(button)).toBe(true);
    expect(await reasonOf(opened.page, button)).toContain(permissions.admin);
  });

  step('is refused by the API as well, whatever the page allows', async () => {
    opened.allow(/answer: POST .* 403/);
    const { page } = opened;
    const inPlace = { target: { kind: 'in_place' }, confirm: 'shop', reason: 'a test' };
    const refused = [
      await ask(page, 'POST', `operate/backups/${id}/restore`, inPlace),
      await ask(page, 'POST', `admin/backups/${id}/restore`, inPlace),
      await ask(page, 'POST', `admin/backups/${id}/delete`, { confirm: id, reason: 'a test' }),
      await ask(page, 'POST', 'admin/audit', {}),
    ];

    expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
    expect(refused.map(({ text }) => codeOf(text))).toEqual(Array.from({ length: 4 }, () => 'forbidden'));
    expect((await shop.genesis.api('GET', `/backups/${id}`)).status).toBe(200);
  });

  step('drills', async () => {
    await opened.goto('drills');
    await opened.page.getByTestId(drillTestIds.run('shop')).click();
    await flow().planned();

    expect(await flow().run()).toBe('succeeded');
    await flow().close();
    expectNoConsoleErrors(opened);
    await opened.close();
  });
});

describe('a viewer', () => {
  let opened: Console;
  const step = walkOn(() => opened?.page);

  step('reads every page of the navigation', async () => {
    opened = await startConsole({ ...shop, browser, role: 'viewer' });
    await opened.page.getByTestId('genesis-overview-service-shop').waitFor();
    for (const [page, text] of [
      ['backups', id],
      ['services/shop', id],
      ['drills', 'shop'],
      ['operations', 'shop'],
      ['sla', 'shop'],
    ] as const) {
      await opened.goto(page);
      await opened.page.locator('main').getByText(text).first().waitFor();
    }
  });

  step('finds every action disabled, with the missing permission named', async () => {
    const { page } = opened;
    await opened.goto(`backups?backup=${id}`);
    await page.getByTestId(backupTestIds.drawer).getByTestId(backupTestIds.restore).waitFor();
    const { restore, verify, drill, keep, remove } = backupTestIds;

    for (const button of [restore, verify, drill, keep, remove].map((name) => page.getByTestId(name)))
      expect(await isRefused(button)).toBe(true);
    expect(await reasonOf(page, page.getByTestId(restore))).toContain(permissions.operate);
    expect(await reasonOf(page, page.getByTestId(remove))).toContain(permissions.admin);
    await page.keyboard.press('Escape');
    await opened.goto('backups');
    expect(await isRefused(page.getByTestId(backupTestIds.start))).toBe(true);
    await opened.goto('drills');
    expect(await isRefused(page.getByTestId(drillTestIds.run('shop')))).toBe(true);
  });

  step('presses a disabled button without anything happening', async () => {
    const before = (await shop.genesis.api<{ items: unknown[] }>('GET', '/operations')).body.items.length;

    await opened.page.getByTestId(drillTestIds.run('shop')).click({ force: true });
    await opened.page.waitForTimeout(300);

    expect(await flowOf(opened.page).dialog.count()).toBe(0);
    expect((await shop.genesis.api<{ items: unknown[] }>('GET', '/operations')).body.items).toHaveLength(before);
  });

  step('is told on the audit page why it stays closed', async () => {
    await opened.goto('audit');
    await opened.page.getByText('You may not open this page').waitFor();

    expect(await opened.page.locator('main').innerText()).toContain(permissions.admin);
  });

  step('is refused by the API as well', async () => {
    opened.allow(/answer: POST .* 403/);
    const { page } = opened;
    const refused = [
      await ask(page, 'POST', 'operate/backups', { service: 'shop', type: 'full' }),
      await ask(page, 'POST', `operate/backups/${id}/verify`),
      await ask(page, 'POST', 'operate/services/shop/drills'),
      await ask(page, 'POST', `admin/backups/${id}/delete`, { confirm: id, reason: 'a test' }),
    ];

    expect(refused.map(({ status, text }) => [status, codeOf(text)])).toEqual(
      Array.from({ length: 4 }, () => [403, 'forbidden']),
    );
    expectNoConsoleErrors(opened);
    await opened.close();
  });
});
