import type { Browser, Page } from 'playwright-core';
import { backUp, perform } from '../../exporter/e2e/support/actions.ts';
import { startBrowser } from '../../exporter/e2e/support/browser.ts';
import { cleanUp, waitUntil } from '../../exporter/e2e/support/processes.ts';
import { testIds } from '../src/components/testIds.ts';
import { backupTestIds } from '../src/pages/Backups/testIds.ts';
import { drillTestIds } from '../src/pages/Drills/testIds.ts';
import { qualityTestIds } from '../src/pages/Quality/testIds.ts';
import { replicationTestIds } from '../src/pages/Replication/testIds.ts';
import { serviceTestIds } from '../src/pages/Service/testIds.ts';
import { seriousFindings } from './support/axe.ts';
import { ensureBuilt } from './support/built.ts';
import { startConsole, type Console } from './support/console.ts';
import { examplePitr, showDatabase } from './support/example-database.ts';
import { flowOf } from './support/flow.ts';
import { knownFindings } from './support/known-findings.ts';
import { expectNoConsoleErrors, overflow, widths, type View } from './support/opened.ts';
import { startShop, type Shop } from './support/shop.ts';

/** The pages about databases in states that no server shows at will. */

let shop: Shop;
let browser: Browser;
let drill: string;

beforeAll(async () => {
  await ensureBuilt(12);
  [shop, browser] = await Promise.all([startShop(), startBrowser()]);
  await backUp(shop.genesis);
  drill = (await perform(shop.genesis, 'POST', '/services/shop/drills', {})).id;
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await cleanUp();
}, 60_000);

async function open(view: View = {}): Promise<Console> {
  const opened = await startConsole({ ...shop, browser, ...view });
  await showDatabase(opened.page);
  return opened;
}

/** What a page asks for first has come. */
async function loaded(page: Page): Promise<void> {
  await page.waitForTimeout(300);
  await waitUntil('the page has its data', async () => (await page.getByTestId(testIds.loading).count()) === 0);
}

it.each([
  ['dark', widths.wide],
  ['light', widths.narrow],
] as const)(
  'has no serious finding of axe on the pages about databases in the %s theme at %s px, and is never too wide',
  async (theme, width) => {
    const found: string[] = [];
    const opened = await open({ theme, width });
    const addresses = [
      'overview',
      'services/shop',
      'backups?view=sources',
      'backups?view=timeline&service=shop',
      `backups?view=timeline&service=shop&asOf=${examplePitr.gaps[0]?.to ?? ''}`,
      `drills?drill=${drill}`,
      'replication',
      'data-quality',
      'data-quality?of=shop&table=public.orders',
    ];
    for (const address of addresses) {
      await opened.goto(address);
      await loaded(opened.page);
      const tooWide = await overflow(opened.page);
      if (tooWide > 0) found.push(`${address}: ${tooWide} px too wide`);
      for (const { rule, where } of await seriousFindings(opened.page))
        if (!knownFindings.some((known) => known.rule === rule && known.where.test(where)))
          found.push(`${address}: ${rule}: ${where}`);
    }

    expect(found).toEqual([]);
    expectNoConsoleErrors(opened);
    await opened.close();
  },
  240_000,
);

it('chooses a second with the keyboard, and says what a moment inside a gap leads to', async () => {
  const opened = await open();
  const { page } = opened;
  await opened.goto('backups?view=timeline&service=shop');
  const reach = page.getByTestId(backupTestIds.reach);
  const slider = page.getByRole('slider', { name: 'Moment to go back to' });
  const asOf = (): number => Date.parse(new URL(page.url()).searchParams.get('asOf') ?? '');
  await reach.and(page.locator('[data-moment=exact]')).waitFor();

  await slider.press('PageDown');
  await slider.press('Shift+ArrowLeft');
  expect(Date.parse(examplePitr.newestRestorableAt) - asOf()).toBe(61_000);
  expect(await slider.getAttribute('aria-valuetext')).toContain('can be had to the second');

  const gap = examplePitr.gaps[0]?.to ?? '';
  await opened.goto(`backups?view=timeline&service=shop&asOf=${new Date(Date.parse(gap) - 60_000).toISOString()}`);
  await reach.and(page.locator('[data-moment=gap]')).waitFor();
  expect(await reach.innerText()).toContain('000000010000000A000000F1');
  await reach.getByRole('button', { name: 'Take the nearest' }).click();
  await reach.and(page.locator('[data-moment=exact]')).waitFor();
  expect(asOf()).toBe(Date.parse(examplePitr.windows[1]?.from ?? ''));
  expectNoConsoleErrors(opened);
  await opened.close();
}, 120_000);

it('shows what is unknown as unknown: a standby that is gone has no lag of 0', async () => {
  const opened = await open();
  const { page } = opened;
  await opened.goto('replication');
  const card = page.getByTestId(replicationTestIds.service('shop'));
  const row = card.getByRole('row').filter({ hasText: 'oslo' });
  await row.waitFor();

  const cells = await row.getByRole('cell').allInnerTexts();
  expect(cells[1]).toContain('Can never catch up');
  expect(cells.slice(2, 8)).toEqual(Array.from({ length: 6 }, () => 'not known'));
  expect(await card.innerText()).toContain('Failing');
  expectNoConsoleErrors(opened);
  await opened.close();
}, 120_000);

it('shows levels, checks, quality and where backups are', async () => {
  const opened = await open();
  const { page } = opened;
  await opened.goto(`drills?drill=${drill}`);
  const levels = page.getByTestId(drillTestIds.levels).locator('[data-level]');
  await levels.first().waitFor();
  expect(
    await levels.evaluateAll((all) => all.map((one) => (one as { dataset: DOMStringMap }).dataset['result'])),
  ).toEqual(['passed', 'passed', 'passed', 'failed', 'skipped']);

  await opened.goto('services/shop');
  const health = page.getByTestId(serviceTestIds.health);
  await health.waitFor();
  expect(await health.innerText()).toContain('HTTP 503 after 12 ms');
  expect(await page.getByTestId(serviceTestIds.database).innerText()).toContain('34 of 100');

  await opened.goto('data-quality');
  const card = page.getByTestId(qualityTestIds.service('shop'));
  await card.getByRole('button', { name: 'public.orders' }).click();
  await page.getByTestId(qualityTestIds.table).getByText('Kolmogorov–Smirnov D 0.410').waitFor();
  expect(new URL(page.url()).searchParams.get('table')).toBe('public.orders');

  await opened.goto('backups?view=sources');
  const source = page.getByTestId(backupTestIds.source('shop'));
  await source.getByTestId(backupTestIds.gaps).waitFor();
  expect(await source.innerText()).toMatch(/pgbackrest 2\.45[\s\S]*accounts[\s\S]*000000010000000A000000F1/);
  expectNoConsoleErrors(opened);
  await opened.close();
}, 120_000);

it('sends the chosen second with the restore, and shows whether it can be reached', async () => {
  const opened = await open();
  const { page } = opened;
  const asked: { recovery?: unknown }[] = [];
  await page.route('**/operate/backups/*/restore', async (route) => {
    const body = route.request().postDataJSON() as { recovery?: { at: string } };
    asked.push(body);
    // The engine of this server keeps no log, so the plan of one that does is told here.
    const { recovery, ...rest } = body;
    const reply = await route.fetch({ postData: rest });
    const plan = (await reply.json()) as { facts: object };
    const facts = {
      target: recovery,
      reachable: true,
      problem: null,
      walFrom: '000000020000000B00000012',
      walTo: '000000020000000B00000039',
      timeline: 2,
      dataAsOf: recovery?.at,
      lost: 'what was written in the last 40 s',
    };
    await route.fulfill({ response: reply, json: { ...plan, facts: { ...plan.facts, recovery: facts } } });
  });
  // A second from now on is behind the newest backup of this server, which has just been made.
  await page.route('**/read/services/shop', async (route) => {
    const reply = await route.fetch();
    const service = (await reply.json()) as object;
    const to = new Date(Date.now() + 3_600_000).toISOString();
    const value = { ...examplePitr, newestRestorableAt: to, windows: [{ ...examplePitr.windows[1], to }] };
    await route.fulfill({ response: reply, json: { ...service, pitr: { known: true, at: to, value } } });
  });
  const at = new Date(Math.ceil(Date.now() / 1000) * 1000).toISOString();
  await opened.goto(`backups?view=timeline&service=shop&asOf=${at}`);
  await page.getByTestId(backupTestIds.reach).getByRole('button', { name: 'Restore this moment' }).click();
  const plan = await flowOf(page).planned();

  expect(asked.at(-1)).toMatchObject({ recovery: { type: 'time', at } });
  expect(plan).toMatch(/Can be reached[\s\S]*000000020000000B00000012[\s\S]*timeline 2[\s\S]*the last 40 s/);
  expect(plan).toContain('Where it is written');
  expectNoConsoleErrors(opened);
  await opened.close();
}, 120_000);
