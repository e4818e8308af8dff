import type { Browser, Page } from 'playwright-core';
import { startBrowser } from '../../exporter/e2e/support/browser.ts';
import { cleanUp, waitUntil } from '../../exporter/e2e/support/processes.ts';
import type { Reply } from '../src/api/types.ts';
import { testIds } from '../src/components/testIds.ts';
import { failoverTestIds } from '../src/pages/Failover/testIds.ts';
import { scalingTestIds as ids } from '../src/pages/Scaling/testIds.ts';
import { ensureBuilt } from './support/built.ts';
import { startConsole, type Console } from './support/console.ts';
import { calm as calmFailover } from './support/example-failover-facts.ts';
import { showFailover } from './support/example-failover.ts';
import { calm, frozen, showScaling, waiting, type Asked } from './support/example-scaling.ts';
import { policyText } from './support/example-scaling-replies.ts';
import { flowOf } from './support/flow.ts';
import { expectNoConsoleErrors } from './support/opened.ts';
import { startShop, type Shop } from './support/shop.ts';

/** What a person has open while the page is asked anew, and what was opened from is gone. */

const prefix = '**/api/plugin-proxy/genesis-dr-app/read';
let shop: Shop;
let browser: Browser;

beforeAll(async () => {
  await ensureBuilt(12);
  [shop, browser] = await Promise.all([startShop(), startBrowser()]);
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await cleanUp();
}, 60_000);

async function open<T>(show: (page: Page) => Promise<T>): Promise<Console & T> {
  const opened = await startConsole({ ...shop, browser });
  return { ...opened, ...(await show(opened.page)) };
}

/** From now on the page reads this, and of every service that nobody has looked yet: as right after a restart of the exporter. */
async function answer(page: Page, path: string, json: object): Promise<void> {
  await page.route(`${prefix}/services/${path}`, (route) => route.fulfill({ json }));
  await page.route(`${prefix}/services`, async (route) => {
    const reply = await route.fetch();
    const body = (await reply.json()) as Reply<'listServices'>;
    const items = body.items.flatMap((own) =>
      ['shop', 'search', 'accounts'].map((name) => ({ ...own, name, scaling: null, failover: null })),
    );
    await route.fulfill({ response: reply, json: { ...body, items } });
  });
}

/** Writes on while the page reads anew twice. */
async function typeThroughRefreshes(page: Page, path: string, words: readonly [string, string]): Promise<void> {
  for (const word of words) {
    // What is younger than two seconds is not asked again.
    await page.waitForTimeout(2_100);
    const read = page.waitForResponse((response) => response.url().endsWith(path) && response.ok());
    const listed = page.waitForResponse((response) => response.url().endsWith('/read/services') && response.ok());
    await page.evaluate("dispatchEvent(new Event('visibilitychange'))");
    await page.keyboard.type(word);
    await Promise.all([read, listed]);
  }
  await page.waitForTimeout(200);
}

const done = (asked: readonly Asked[]): readonly Asked[] => asked.filter(({ body }) => body['dryRun'] !== true);

it('keeps the pause of scaling with its text and its choice, although somebody else has paused meanwhile', async () => {
  const opened = await open(showScaling);
  const { page, asked } = opened;
  const flow = flowOf(page);
  await opened.goto('scaling?service=shop');
  await page.getByTestId(ids.pause).click();
  await flow.dialog.getByRole('radio', { name: '4 h' }).check({ force: true });
  await flow.reason.focus();
  await answer(page, 'shop/scaling', {
    service: 'shop',
    policy: policyText,
    scaling: { ...calm, pause: { ...frozen.pause, reason: 'another one' } },
  });

  await typeThroughRefreshes(page, '/services/shop/scaling', ['load test ', 'of the shop']);

  expect(await page.getByTestId(ids.resume).count()).toBe(1);
  expect(await flow.reason.inputValue()).toBe('load test of the shop');
  await flow.submit.click();
  await flow.result.waitFor();
  expect(await flow.dialog.innerText()).toContain('Pause automatic scaling of shop');
  await flow.close();
  expect(done(asked)).toMatchObject([
    { path: 'operate/services/shop/scaling/pause', body: { seconds: 14_400, reason: 'load test of the shop' } },
  ]);
  // The button is gone: the keyboard goes on in its part of the page.
  await waitUntil('the focus is back', () => page.evaluate("document.activeElement.tagName === 'SECTION'"));
  expectNoConsoleErrors(opened);
  await opened.close();
}, 60_000);

it('keeps the proposal that somebody is about to accept, and the policy that somebody writes', async () => {
  const opened = await open(showScaling);
  const { page } = opened;
  const flow = flowOf(page);
  await opened.goto('scaling?service=search');
  await page.getByTestId(ids.accept).click();
  await flow.planned();
  await flow.reason.focus();
  await answer(page, 'search/scaling', {
    service: 'search',
    policy: 'min: 1\n',
    scaling: { ...waiting, decision: calm.decision },
  });
  await typeThroughRefreshes(page, '/services/search/scaling', ['sale ', 'at noon']);
  expect(await page.getByTestId(ids.accept).count()).toBe(0);
  expect(await flow.reason.inputValue()).toBe('sale at noon');
  await page.keyboard.press('Escape');
  await flow.dialog.waitFor({ state: 'detached' });

  await page.getByRole('tab', { name: 'Policy' }).click();
  const text = page.getByTestId(ids.policyText);
  await text.fill('max: ');
  await typeThroughRefreshes(page, '/services/search/scaling', ['1', '2']);
  expect(await text.inputValue()).toBe('max: 12');
  await page.getByTestId(ids.policyCheck).click();
  await page.getByTestId(ids.policyResult).waitFor();
  await page.getByRole('tab', { name: 'Backtest' }).click();
  await page.getByRole('tab', { name: 'Policy' }).click();
  expect([await text.inputValue(), await page.getByTestId(ids.policyResult).count()]).toEqual(['max: 12', 1]);
  expectNoConsoleErrors(opened);
  await opened.close();
}, 60_000);

it('keeps the pause of failover, and closes it with the page', async () => {
  const opened = await open(showFailover);
  const { page, asked } = opened;
  const flow = flowOf(page);
  await opened.goto('failover');
  await page.getByTestId(failoverTestIds.open('shop')).getByRole('button').click();
  await page.getByTestId(failoverTestIds.pause).click();
  await flow.reason.focus();
  await answer(page, 'shop/failover', {
    service: 'shop',
    failover: { ...calmFailover, pause: { ...frozen.pause, reason: 'another one' } },
  });

  await typeThroughRefreshes(page, '/services/shop/failover', ['new ', 'cables']);

  expect(await page.getByTestId(failoverTestIds.resume).count()).toBe(1);
  expect(await flow.reason.inputValue()).toBe('new cables');
  await flow.submit.click();
  await flow.result.waitFor();
  await flow.close();
  expect(done(asked)).toMatchObject([{ path: 'operate/services/shop/failover/pause', body: { reason: 'new cables' } }]);
  await page.getByTestId(failoverTestIds.resume).click();
  await flow.dialog.waitFor();
  await page.goBack();
  await flow.dialog.waitFor({ state: 'detached' });
  expectNoConsoleErrors(opened);
  await opened.close();
}, 60_000);

it('writes into a dialog above a drawer by the keyboard, and closes only the dialog by Escape', async () => {
  const opened = await open(showFailover);
  const { page } = opened;
  const flow = flowOf(page);
  await opened.goto('failover?service=accounts&node=lisbon');
  const drawer = page.getByRole('dialog').filter({ hasText: 'lisbon' }).first();
  const rejoin = drawer.getByRole('button', { name: 'Rejoin' });
  await rejoin.focus();
  await page.keyboard.press('Enter');
  await flow.planned();
  await flow.reason.focus();
  await page.keyboard.type('its disk is new');
  expect(await flow.reason.inputValue()).toBe('its disk is new');

  await page.keyboard.press('Escape');

  await flow.dialog.waitFor({ state: 'detached' });
  expect(await rejoin.isVisible()).toBe(true);
  expect(await page.getByTestId(testIds.page('failover')).count()).toBe(1);
  expectNoConsoleErrors(opened);
  await opened.close();
}, 60_000);
