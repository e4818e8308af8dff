import type { Browser, Page } from 'playwright-core';
import { startBrowser } from '../../exporter/e2e/support/browser.ts';
import type { TokenRole } from '../../exporter/e2e/support/genesis.ts';
import { cleanUp, waitUntil } from '../../exporter/e2e/support/processes.ts';
import { testIds } from '../src/components/testIds.ts';
import { permissions } from '../src/constants.ts';
import { scalingTestIds as ids } from '../src/pages/Scaling/testIds.ts';
import { seriousFindings } from './support/axe.ts';
import { ensureBuilt } from './support/built.ts';
import { startConsole, type Console } from './support/console.ts';
import { showScaling, type Asked, type ShowOptions } from './support/example-scaling.ts';
import { flowOf, isRefused, reasonOf } from './support/flow.ts';
import { knownFindings } from './support/known-findings.ts';
import { expectNoConsoleErrors, overflow, widths, type View } from './support/opened.ts';
import { startShop, type Shop } from './support/shop.ts';

/** The Scaling page in states that no fleet shows at will. What a real one shows is tested with real workers. */

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

interface Shown extends Console {
  readonly asked: readonly Asked[];
}

async function open(options: View & ShowOptions & { readonly role?: TokenRole } = {}): Promise<Shown> {
  const opened = await startConsole({ ...shop, browser, ...options });
  return { ...opened, ...(await showScaling(opened.page, options)) };
}

async function loaded(page: Page): Promise<void> {
  await page.waitForTimeout(300);
  await waitUntil('the page has its data', async () => (await page.getByTestId(testIds.loading).count()) === 0);
}

/** What was asked to be done, dry runs left out. */
const done = ({ asked }: Shown): readonly Asked[] => asked.filter(({ body }) => body['dryRun'] !== true);

async function end(page: Page): Promise<void> {
  const flow = flowOf(page);
  await flow.submit.click();
  await flow.dialog.getByTestId(testIds.flow.close).click();
  await flow.dialog.waitFor({ state: 'detached' });
}

it.each([
  [
    'dark',
    widths.wide,
    ['', '?service=shop', '?service=checkout', '?service=queue', '?service=ranking', '?service=shop&tab=policy'],
  ],
  [
    'light',
    widths.narrow,
    [
      '?service=shop',
      '?service=search',
      '?service=legacy',
      '?service=mail',
      '?service=shop&tab=history',
      '?service=shop&tab=backtest',
    ],
  ],
] as const)(
  'has no serious finding of axe in the %s theme at %s px, and is never too wide',
  async (theme, width, states) => {
    const found: string[] = [];
    const opened = await open({ theme, width });
    const look = async (name: string): Promise<void> => {
      const tooWide = await overflow(opened.page);
      if (tooWide > 0) found.push(`${name}: ${tooWide} px too wide`);
      for (const { rule, where } of await seriousFindings(opened.page))
        if (!knownFindings.some((known) => known.rule === rule && known.where.test(where)))
          found.push(`${name}: ${rule}: ${where}`);
    };
    for (const state of states) {
      await opened.goto(`scaling${state}`);
      await loaded(opened.page);
      await look(state);
    }
    if (theme === 'light') {
      await opened.page.getByTestId(ids.backtestRun).click();
      await opened.page.getByTestId(ids.backtestChart).waitFor();
      await look('result of the backtest');
    } else {
      await opened.goto('scaling?service=shop');
      await opened.page.getByTestId(ids.down).click();
      await flowOf(opened.page).planned();
      await opened.page.waitForTimeout(600);
      await look('dialog');
    }

    expect(found).toEqual([]);
    expectNoConsoleErrors(opened);
    await opened.close();
  },
  240_000,
);

it('lists what a person has to look at first, opens it, and keeps service, tab and range in the address', async () => {
  const opened = await open();
  const { page } = opened;
  await opened.goto('scaling');
  await page.getByTestId(ids.services).waitFor();
  const names = await page.getByTestId(ids.services).locator('tbody button').allInnerTexts();
  expect(names.map((name) => name.trim())).toEqual([
    ...['queue', 'checkout', 'mail', 'legacy', 'ranking', 'reports', 'search', 'shop'],
  ]);

  await page.getByTestId(ids.open('queue')).getByRole('button').click();
  await page.getByTestId(ids.frozen).waitFor();
  expect(await page.getByTestId(ids.frozen).innerText()).toMatch(
    /requests: its source cannot be reached[^]*cpu: too old/,
  );
  expect(await page.getByTestId(ids.decision).getAttribute('data-standing')).toBe('frozen');
  expect(await page.getByTestId(ids.forecast).innerText()).toContain('21 h of history, 24 h are needed');
  await page.getByRole('radio', { name: '3 h' }).check({ force: true });
  await page.getByRole('tab', { name: 'History' }).click();
  await page.getByTestId(ids.decisions).waitFor();
  const query = new URL(page.url()).searchParams;
  expect([query.get('service'), query.get('tab'), query.get('range')]).toEqual(['queue', 'history', '3']);
  await page.goBack();
  await page.getByTestId(ids.decision).waitFor();

  await opened.goto('scaling?service=checkout');
  await page.getByTestId(ids.limits).waitFor();
  expect(await page.getByTestId(ids.limits).innerText()).toMatch(
    /allows at most 10[^]*ceiling of 1\.20 EUR an hour[^]*still warm up[^]*rests after the last action/,
  );
  await page.getByTestId(ids.running).getByText('wait until they are ready').waitFor();
  expect(await page.getByTestId(ids.instances).innerText()).toContain('GET /health answers 503');
  expect(await reasonOf(page, page.getByTestId(ids.up))).toContain('at most 10');
  expectNoConsoleErrors(opened);
  await opened.close();
}, 60_000);

it('says plainly where it only observes, cannot see, may not or cannot act, or waits for a person', async () => {
  const opened = await open();
  const { page } = opened;
  await opened.goto('scaling?service=reports');
  await page.getByTestId(ids.mode).waitFor();
  expect(await page.getByTestId(ids.mode).innerText()).toContain('Genesis changes nothing here');
  expect(await page.getByTestId(ids.decision).innerText()).toMatch(
    /Does not act[^]*Would add instances now: from 2 to 4/,
  );
  await opened.goto('scaling?service=legacy');
  await page.getByTestId(ids.count).waitFor();
  expect(await page.locator('main').innerText()).toMatch(/nobody knows how many are ready/);
  expect([await isRefused(page.getByTestId(ids.up)), await isRefused(page.getByTestId(ids.down))]).toEqual([
    true,
    true,
  ]);

  await opened.goto('scaling?service=ranking');
  for (const button of [ids.up, ids.down, ids.set])
    expect([button, await isRefused(page.getByTestId(button))]).toEqual([button, true]);
  expect(await reasonOf(page, page.getByTestId(ids.set))).toContain('HorizontalPodAutoscaler ranking sets the number');
  await opened.goto('scaling?service=mail');
  expect(await page.getByTestId(ids.decision).getAttribute('data-standing')).toBe('page');
  expect(await page.getByTestId(ids.limits).innerText()).toMatch(/failed in a row[^]*by hand tries at once/);

  await opened.goto('scaling?service=search');
  await page.getByTestId(ids.accept).click();
  await flowOf(page).planned();
  expect(await page.getByTestId(ids.desired).inputValue()).toBe('4');
  expectNoConsoleErrors(opened);
  await opened.close();
}, 60_000);

it('adds one by the keyboard: plan, typed name, one request, steps', async () => {
  const opened = await open();
  const { page } = opened;
  const flow = flowOf(page);
  await opened.goto('scaling?service=shop');
  await page.getByTestId(ids.up).focus();
  await page.keyboard.press('Enter');
  expect(await flow.planned()).toMatch(/Instances now\s*4[^]*Instances then\s*5[^]*0\.48 EUR, then 0\.60 EUR/);
  expect(await isRefused(flow.submit)).toBe(true);
  await flow.reason.focus();
  await page.keyboard.type('sale at noon');
  await flow.confirm.focus();
  await page.keyboard.type('Shop');
  expect(await isRefused(flow.submit)).toBe(true);
  await flow.confirm.fill('shop');
  await page.keyboard.press('Enter');

  expect(await flow.ended()).toBe('succeeded');

  expect(done(opened)).toMatchObject([
    { path: 'operate/services/shop/scaling', body: { desired: 5, reason: 'sale at noon', confirm: 'shop' } },
  ]);
  expect(await flow.dialog.innerText()).toContain('worker-5 answers, 5 are ready');
  expectNoConsoleErrors(opened);
  await opened.close();
}, 60_000);

it('names whom it would end, and sends nothing that the plan refuses', async () => {
  const opened = await open();
  const { page } = opened;
  const flow = flowOf(page);
  await opened.goto('scaling?service=shop');
  await page.getByTestId(ids.down).click();
  expect(await flow.planned()).toMatch(/Drained and ended\s*worker-4/);
  expect(await flow.submit.innerText()).toBe('Remove down to 3');

  await page.getByTestId(ids.desired).fill('12');
  await flow.blockers.waitFor();

  expect(await flow.blockers.innerText()).toContain('the policy allows 2 to 10 instances');
  await flow.reason.fill('more');
  await flow.confirm.fill('shop');
  expect(await isRefused(flow.submit)).toBe(true);
  await page.getByTestId(ids.desired).fill('x');
  await flow.dialog.getByText('A whole number is needed').waitFor();
  expect(await isRefused(flow.submit)).toBe(true);
  expect(done(opened)).toEqual([]);
  expectNoConsoleErrors(opened);
  await opened.close();
}, 60_000);

it('pauses and resumes, checks a policy, tries it on history, gives a run up, saves it and goes back', async () => {
  const opened = await open({ backtestMs: 1_500 });
  const { page } = opened;
  const flow = flowOf(page);
  await opened.goto('scaling?service=shop');
  await page.getByTestId(ids.pause).click();
  await flow.reason.fill('load test');
  await end(page);
  await page.getByRole('tab', { name: 'Policy' }).click();
  const text = page.getByTestId(ids.policyText);
  const held = await text.inputValue();
  expect(await isRefused(page.getByTestId(ids.policySave))).toBe(true);
  await text.fill(held.replace('max: 10', 'max: 1'));
  await page.getByTestId(ids.policyCheck).click();
  const result = page.getByTestId(ids.policyResult);
  await result.waitFor();
  expect(await result.innerText()).toMatch(/max: is below min, which is 2[^]*raise max or lower min/);
  expect(await isRefused(page.getByTestId(ids.policySave))).toBe(true);
  await text.fill(held.replace('target: 100', 'target: 70'));
  await page.getByTestId(ids.policyCheck).click();
  await result.and(page.locator('[data-valid=true]')).waitFor();
  expect(await result.innerText()).toContain('Would add instances now: from 4 to 6');

  await page.getByRole('tab', { name: 'Backtest' }).click();
  await page.getByTestId(ids.backtestRun).click();
  await page.getByTestId(ids.backtestProgress).waitFor();
  await page.getByTestId(ids.backtestCancel).click();
  await page.getByText('It was given up; nothing was changed.').waitFor();
  await page.getByTestId(ids.backtestRun).click();
  await page.getByTestId(ids.backtestResult).waitFor();
  expect(await page.getByTestId(ids.backtestResult).innerText()).toMatch(
    /The policy that holds[^]*1 h 31 min[^]*The proposed policy[^]*14 min[^]*−85 %[^]*Kubernetes HPA[^]*2 h 42 min/,
  );

  await page.getByRole('tab', { name: 'Policy' }).click();
  await page.getByTestId(ids.policyCheck).click();
  await result.waitFor();
  await page.getByTestId(ids.policySave).click();
  await flow.reason.fill('tried on a week');
  await flow.confirm.fill('shop');
  await end(page);
  expect(await text.inputValue()).toBe(held);
  await opened.goto('scaling?service=checkout&tab=policy');
  await page.getByTestId(ids.policyReset).click();
  await flow.reason.fill('the sale is over');
  await end(page);
  await opened.goto('scaling?service=queue');
  await page.getByTestId(ids.resume).click();
  await end(page);

  const changes = done(opened).filter(({ path }) => !/preview|backtest/.test(path));
  expect(changes).toMatchObject([
    { path: 'operate/services/shop/scaling/pause', body: { seconds: 3600, reason: 'load test' } },
    {
      path: 'admin/services/shop/scaling/policy',
      body: { policy: expect.stringContaining('target: 70'), reason: 'tried on a week', confirm: 'shop' },
    },
    { path: 'admin/services/checkout/scaling/policy/reset', body: { reason: 'the sale is over' } },
    { path: 'operate/services/queue/scaling/resume', body: {} },
  ]);
  expectNoConsoleErrors(opened);
  await opened.close();
}, 120_000);

it.each([
  ['viewer', true, permissions.operate],
  ['operator', false, permissions.admin],
] as const)(
  'names the missing permission to a %s',
  async (role, isRefusedAll, permission) => {
    const opened = await open({ role });
    const { page } = opened;
    await opened.goto('scaling?service=shop');
    await page.getByTestId(ids.decision).waitFor();
    for (const button of [ids.up, ids.down, ids.set, ids.pause])
      expect([button, await isRefused(page.getByTestId(button))]).toEqual([button, isRefusedAll]);
    await page.getByRole('tab', { name: 'Policy' }).click();
    await page.getByTestId(ids.policySave).waitFor();
    expect(await isRefused(page.getByTestId(ids.policyCheck))).toBe(isRefusedAll);
    const button = isRefusedAll ? ids.policyCheck : ids.policySave;
    expect(await reasonOf(page, page.getByTestId(button))).toContain(permission);
    expect(opened.asked).toEqual([]);
    expectNoConsoleErrors(opened);
    await opened.close();
  },
  60_000,
);

it('keeps what it last knew while the exporter does not answer, and says that nobody knows now', async () => {
  const opened = await open();
  const { page } = opened;
  opened.allow(/502|Bad Gateway/);
  await opened.goto('scaling?service=shop');
  await page.getByTestId(ids.chart).waitFor();
  await page.route('**/api/plugin-proxy/**', (route) =>
    route.fulfill({ status: 502, json: { message: 'Bad Gateway' } }),
  );
  await page.waitForTimeout(2_100);
  await page.evaluate("dispatchEvent(new Event('visibilitychange'))");

  await page.getByTestId(ids.decision).and(page.locator('[data-standing=unknown]')).waitFor({ timeout: 45_000 });

  expect(await page.getByTestId(ids.count).innerText()).toContain('not known now');
  expect(await isRefused(page.getByTestId(ids.up))).toBe(true);
  expect(await page.getByTestId(ids.instances).innerText()).toContain('worker-4');
  expect(await page.getByTestId(ids.chart).count()).toBe(1);
  await opened.close();
}, 90_000);

it('says what to write where nothing scales', async () => {
  const opened = await open({ none: true, width: widths.narrow });
  await opened.goto('scaling');
  await opened.page.getByTestId(ids.example).waitFor();

  expect(await opened.page.locator('main').innerText()).toMatch(/No service is scaled[^]*mode: observe/);
  expect(await overflow(opened.page)).toBe(0);
  expectNoConsoleErrors(opened);
  await opened.close();
}, 60_000);
