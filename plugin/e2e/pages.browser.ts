import type { Browser, Page } from 'playwright-core';
import { backUp, perform } from '../../exporter/e2e/support/actions.ts';
import { startBrowser } from '../../exporter/e2e/support/browser.ts';
import { cleanUp, waitUntil } from '../../exporter/e2e/support/processes.ts';
import { testIds } from '../src/components/testIds.ts';
import { seriousFindings } from './support/axe.ts';
import { backupTestIds } from '../src/pages/Backups/testIds.ts';
import { ensureBuilt } from './support/built.ts';
import { startConsole } from './support/console.ts';
import { flowOf } from './support/flow.ts';
import { knownFindings } from './support/known-findings.ts';
import { expectNoConsoleErrors, overflow, widths } from './support/opened.ts';
import { startShop, type Shop } from './support/shop.ts';

let shop: Shop;
let browser: Browser;
let addresses: readonly string[];

beforeAll(async () => {
  await ensureBuilt(12);
  [shop, browser] = await Promise.all([startShop(), startBrowser()]);
  const { id } = await backUp(shop.genesis);
  await backUp(shop.genesis, 'incremental');
  const drill = await perform(shop.genesis, 'POST', '/services/shop/drills', {});
  addresses = [
    'overview',
    'services/shop',
    'backups',
    `backups?backup=${id}`,
    `backups?backup=${id}&tab=files`,
    'backups?view=timeline&service=shop',
    'operations',
    `operations?operation=${drill.id}`,
    'drills',
    'sla',
    'audit',
    'configuration',
  ];
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await cleanUp();
}, 60_000);

/** Every page in both themes and both widths; what axe looks at does not depend on all four pairs of them. */
it.each([
  ['dark', widths.wide],
  ['light', widths.narrow],
] as const)(
  'has no serious finding of axe on any page in the %s theme at %s px, and is never wider than its window',
  async (theme, width) => {
    const found: string[] = [];
    const opened = await startConsole({ ...shop, browser, theme, width });
    const look = async (name: string): Promise<void> => {
      const tooWide = await overflow(opened.page);
      if (tooWide > 0) found.push(`${name}: ${tooWide} px too wide`);
      for (const { rule, where } of await seriousFindings(opened.page))
        if (!knownFindings.some((known) => known.rule === rule && known.where.test(where)))
          found.push(`${name}: ${rule}: ${where}`);
    };
    for (const address of addresses) {
      await opened.goto(address);
      await loaded(opened.page);
      await look(address);
    }
    await opened.goto('backups');
    await opened.page.getByTestId(backupTestIds.start).click();
    await flowOf(opened.page).planned();
    // The button fades from disabled to enabled: colours in between are nobody's choice.
    await opened.page.waitForTimeout(600);
    await look('the dialog of a backup');
    const { submit } = flowOf(opened.page);
    await submit.scrollIntoViewIfNeeded();
    const box = await submit.boundingBox();
    if (box === null || box.x < 0 || box.x + box.width > width) found.push('the button of the dialog is out of sight');

    expect(found).toEqual([]);
    expectNoConsoleErrors(opened);
    await opened.close();
  },
  240_000,
);

/** What a page asks for first has come. */
async function loaded(page: Page): Promise<void> {
  await page.waitForTimeout(300);
  await waitUntil('the page has its data', async () => (await page.getByTestId(testIds.loading).count()) === 0);
}
