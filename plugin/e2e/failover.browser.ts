import type { Browser, Page } from 'playwright-core';
import { startBrowser } from '../../exporter/e2e/support/browser.ts';
import type { TokenRole } from '../../exporter/e2e/support/genesis.ts';
import { shopConfig } from '../../exporter/e2e/support/actions.ts';
import { cleanUp, tempFolder, waitUntil } from '../../exporter/e2e/support/processes.ts';
import { makeTree } from '../../exporter/e2e/support/tree.ts';
import { testIds } from '../src/components/testIds.ts';
import { permissions } from '../src/constants.ts';
import { failoverTestIds as ids } from '../src/pages/Failover/testIds.ts';
import { seriousFindings } from './support/axe.ts';
import { ensureBuilt } from './support/built.ts';
import { startConsole, startGrafana, type Console } from './support/console.ts';
import { showFailover, type Asked } from './support/example-failover.ts';
import { flowOf, isRefused, reasonOf } from './support/flow.ts';
import { knownFindings } from './support/known-findings.ts';
import { expectNoConsoleErrors, overflow, widths, type View } from './support/opened.ts';
import { startShop, type Shop } from './support/shop.ts';

/** The Failover page in states that no pair of servers shows at will. What a real pair shows is tested beside it. */

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

async function open(view: View & { readonly role?: TokenRole } = {}): Promise<Shown> {
  const opened = await startConsole({ ...shop, browser, ...view });
  return { ...opened, ...(await showFailover(opened.page)) };
}

async function loaded(page: Page): Promise<void> {
  await page.waitForTimeout(300);
  await waitUntil('the page has its data', async () => (await page.getByTestId(testIds.loading).count()) === 0);
}

/** What was asked to be done, dry runs left out. */
const done = ({ asked }: Shown): readonly Asked[] => asked.filter(({ body }) => body['dryRun'] !== true);

async function fill(page: Page, service: string): Promise<void> {
  await flowOf(page).reason.fill('the machine is switched off');
  await flowOf(page).confirm.fill(service);
}

it.each([
  ['dark', widths.wide],
  ['light', widths.narrow],
] as const)(
  'has no serious finding of axe in the %s theme at %s px, and is never too wide',
  async (theme, width) => {
    const found: string[] = [];
    const opened = await open({ theme, width });
    const look = async (name: string): Promise<void> => {
      const tooWide = await overflow(opened.page);
      if (tooWide > 0) found.push(`${name}: ${tooWide} px too wide`);
      for (const { rule, where } of await seriousFindings(opened.page))
        if (!knownFindings.some((known) => known.rule === rule && known.where.test(where)))
          found.push(`${name}: ${rule}: ${where}`);
    };
    for (const service of ['', '?service=shop', '?service=accounts', '?service=ledger', '?service=sessions']) {
      await opened.goto(`failover${service}`);
      await loaded(opened.page);
      await look(service);
    }
    await opened.goto('failover?service=accounts&node=vienna');
    await loaded(opened.page);
    await look('drawer');
    await opened.goto('failover?service=accounts');
    await opened.page.getByTestId(ids.start).click();
    await flowOf(opened.page).planned();
    await opened.page.waitForTimeout(600);
    await look('dialog');

    expect(found).toEqual([]);
    expectNoConsoleErrors(opened);
    await opened.close();
  },
  240_000,
);

it('shows the answer and the two buttons first on a phone', async () => {
  const opened = await open({ width: widths.narrow });
  const { page } = opened;
  await opened.goto('failover?service=shop');
  await page.getByTestId(ids.answer).waitFor();

  expect(await page.getByTestId(ids.answer).innerText()).toMatch(
    /^A failover now would succeed: to berlin, losing at most 0\sB$/,
  );
  for (const button of [ids.start, ids.switchover]) {
    const box = await page.getByTestId(button).boundingBox();
    expect((box?.y ?? Infinity) + (box?.height ?? 0)).toBeLessThan(740);
  }
  expectNoConsoleErrors(opened);
  await opened.close();
}, 60_000);

it('says why not, what is not known, and that two nodes write', async () => {
  const opened = await open();
  const { page } = opened;
  await opened.goto('failover');
  await page.getByTestId(ids.open('accounts')).getByRole('button').click();
  const answer = page.getByTestId(ids.answer);
  await answer.waitFor();

  expect(new URL(page.url()).searchParams.get('service')).toBe('accounts');
  expect(await answer.getAttribute('data-answer')).toBe('no');
  const main = await page.locator('main').innerText();
  expect(main).toContain('nothing proves that vienna takes no more writes');
  expect(main).toContain('More than one node takes writes: vienna, lisbon');
  expect(main).toContain('where it leads is not known');
  const decision = page.getByTestId(ids.decision);
  expect(await decision.getAttribute('data-action')).toBe('hold');
  const oslo = page.getByTestId(ids.nodes).getByRole('row').filter({ hasText: 'oslo' });
  const cells = await oslo.getByRole('cell').allInnerTexts();
  expect(cells.slice(1, 6).map((text) => text.trim())).toEqual(Array.from({ length: 5 }, () => 'not known'));

  await page.getByTestId(ids.node('vienna')).getByRole('button').click();
  const drawer = page.getByTestId(ids.drawer);
  await drawer.waitFor();
  expect(new URL(page.url()).searchParams.get('node')).toBe('vienna');
  expect(await drawer.innerText()).toMatch(/A fence was asked for and is not proven[^]*exporter-2/);
  expectNoConsoleErrors(opened);
  await opened.close();
}, 60_000);

it('says what it would do where it only observes', async () => {
  const opened = await open();
  await opened.goto('failover?service=sessions');
  const decision = opened.page.getByTestId(ids.decision);
  await decision.waitFor();

  expect(await decision.innerText()).toMatch(/Does not act[^]*Would take cache-2 out now[^]*mode observe/);
  expect(await opened.page.getByTestId(ids.answer).getAttribute('data-answer')).toBe('unknown');
  await opened.close();
}, 60_000);

it('fails over to the chosen node: plan, typed name, one request, phases, measured loss', async () => {
  const opened = await open();
  const { page } = opened;
  const flow = flowOf(page);
  await opened.goto('failover?service=shop');
  await page.getByTestId(ids.start).click();
  expect(await flow.planned()).toMatch(/From whom to whom[^]*at most 0 B[^]*its processes on this machine[^]*haproxy/);
  await flow.dialog.getByRole('radio', { name: /^lisbon/ }).check({ force: true });
  await flow.plan.getByText('promote lisbon').waitFor();
  expect(await flow.dialog.getByTestId(ids.force).count()).toBe(0);
  expect(await isRefused(flow.submit)).toBe(true);
  await fill(page, 'Shop');
  expect(await isRefused(flow.submit)).toBe(true);
  await fill(page, 'shop');

  expect(await flow.run()).toBe('succeeded');

  const [request, ...more] = done(opened);
  expect(more).toEqual([]);
  expect(request).toMatchObject({
    path: 'admin/services/shop/failover',
    body: { candidate: 'lisbon', confirm: 'shop', reason: 'the machine is switched off' },
  });
  expect(request?.body).not.toHaveProperty('force');
  const text = await flow.dialog.innerText();
  expect(text).toMatch(/fence the old primary[^]*1\.9 s[^]*promote the new primary[^]*310 ms/);
  expect(text).toMatch(/Primary now\s*berlin[^]*Loss that was measured\s*0 B/);
  expectNoConsoleErrors(opened);
  await opened.close();
}, 90_000);

it('offers to go past a missing proof as a choice of its own, and plans anew with it', async () => {
  const opened = await open();
  const { page } = opened;
  const flow = flowOf(page);
  await opened.goto('failover?service=accounts');
  await page.getByTestId(ids.start).click();
  await flow.blockers.waitFor();
  await fill(page, 'accounts');
  expect(await isRefused(flow.submit)).toBe(true);

  await flow.dialog.getByTestId(ids.force).check({ force: true });
  await flow.blockers.waitFor({ state: 'detached' });
  await flow.planned();
  expect(opened.asked.at(-1)?.body).toEqual({ force: true, dryRun: true });
  await waitUntil('the button may be pressed', async () => !(await isRefused(flow.submit)));

  expect(await flow.submit.innerText()).toBe('Fail over without proof');
  expect(await flow.plan.innerText()).toContain('at most 3 MiB, writes of 14 s');
  expect(done(opened)).toEqual([]);
  expectNoConsoleErrors(opened);
  await opened.close();
}, 60_000);

it('schedules a switchover, forgets it, pauses, resumes, fences and brings back', async () => {
  const opened = await open();
  const { page } = opened;
  const flow = flowOf(page);
  const end = async (): Promise<void> => {
    await flow.submit.click();
    await flow.dialog.getByTestId(testIds.flow.close).click();
    await flow.dialog.waitFor({ state: 'detached' });
  };
  await opened.goto('failover?service=shop');
  await page.getByTestId(ids.switchover).click();
  await flow.planned();
  await flow.dialog.getByRole('radio', { name: /^At a time/ }).check({ force: true });
  await flow.plan.waitFor({ state: 'detached' });
  await flow.dialog.getByLabel('Moment (local time)').fill('2099-01-01T02:00:00');
  await flow.planned();
  await fill(page, 'shop');
  await end();
  await page.getByTestId(ids.cancelScheduled).click();
  await end();
  await page.getByTestId(ids.pause).click();
  await flow.reason.fill('network work');
  await end();
  await page.getByTestId(ids.fence('berlin')).click();
  await flow.planned();
  await fill(page, 'shop');
  await end();
  await page.getByTestId(ids.rejoin('berlin')).click();
  await flow.dialog.getByRole('radio', { name: /^Clone it anew/ }).check({ force: true });
  await flow.planned();
  await fill(page, 'shop');
  await end();
  await opened.goto('failover?service=accounts');
  await page.getByTestId(ids.resume).click();
  await end();

  const reason = 'the machine is switched off';
  expect(done(opened)).toMatchObject([
    {
      path: 'admin/services/shop/switchover',
      body: { at: expect.stringMatching(/^(2098-12-31|2099-01-01)T/), reason },
    },
    { path: 'admin/services/shop/switchover/cancel', body: {} },
    { path: 'operate/services/shop/failover/pause', body: { seconds: 3600, reason: 'network work' } },
    { path: 'admin/services/shop/nodes/berlin/fence', body: { confirm: 'shop', reason } },
    { path: 'admin/services/shop/nodes/berlin/rejoin', body: { allowClone: true, confirm: 'shop', reason } },
    { path: 'operate/services/accounts/failover/resume', body: {} },
  ]);
  expectNoConsoleErrors(opened);
  await opened.close();
}, 120_000);

it('lets another admin refuse what waits for a second person, and shows what is under way phase by phase', async () => {
  const opened = await open();
  const { page } = opened;
  await opened.goto('failover?service=accounts');
  const approval = page.getByTestId(testIds.approval.part);
  await approval.waitFor();
  expect(await approval.innerText()).toMatch(/Waits for a second person[^]*Ada Lovelace[^]*Nothing has been done/);
  await page.getByTestId(testIds.approval.refuse).click();
  await flowOf(page).reason.fill('vienna still answers me');
  await flowOf(page).submit.click();
  await flowOf(page).dialog.getByTestId(testIds.flow.close).waitFor();
  expect(done(opened)).toMatchObject([
    { path: expect.stringMatching(/approve$/), body: { approve: false, reason: 'vienna still answers me' } },
  ]);

  await opened.goto('failover?service=ledger');
  const running = page.getByTestId(ids.running);
  // The part stands as soon as the list says that something runs; its phases are a request of their own.
  await running.getByText('fence the old primary').waitFor();
  expect(await running.innerText()).toMatch(
    /cut the old primary off[^]*41 sessions ended[^]*Running[^]*fence the old primary/,
  );
  expectNoConsoleErrors(opened);
  await opened.close();
}, 60_000);

it.each([
  ['viewer', true],
  ['operator', false],
] as const)(
  'names the missing permission to a %s, and opens nothing',
  async (role, mayNotPause) => {
    const opened = await open({ role });
    const { page } = opened;
    await opened.goto('failover?service=shop');
    await page.getByTestId(ids.answer).waitFor();

    for (const button of [ids.start, ids.switchover, ids.fence('vienna'), ids.rejoin('berlin'), ids.cancelScheduled])
      expect([button, await isRefused(page.getByTestId(button))]).toEqual([button, true]);
    expect(await reasonOf(page, page.getByTestId(ids.start))).toContain(permissions.admin);
    expect(await isRefused(page.getByTestId(ids.pause))).toBe(mayNotPause);
    await page.getByTestId(ids.start).click({ force: true });
    await page.waitForTimeout(300);
    expect(await flowOf(page).dialog.count()).toBe(0);
    expect(opened.asked).toEqual([]);
    await opened.close();
  },
  60_000,
);

it('keeps what it last knew while the exporter does not answer, and says that nobody knows now', async () => {
  const opened = await open();
  const { page } = opened;
  opened.allow(/502|Bad Gateway/);
  await opened.goto('failover?service=shop');
  await page.getByTestId(ids.answer).waitFor();
  await page.route('**/api/plugin-proxy/**', (route) =>
    route.fulfill({ status: 502, json: { message: 'Bad Gateway' } }),
  );

  await page.getByTestId(ids.answer).and(page.locator('[data-answer=unknown]')).waitFor({ timeout: 45_000 });

  expect(await page.getByTestId(ids.answer).innerText()).toContain('Not known while the exporter does not answer');
  expect(await isRefused(page.getByTestId(ids.start))).toBe(true);
  expect(await page.getByTestId(ids.topology).innerText()).toContain('berlin');
  await opened.close();
}, 90_000);

it('draws the page in the packages of Grafana 13 as well', async () => {
  await ensureBuilt(13);
  const data = tempFolder('genesis-shop-');
  makeTree(data, { files: 5, bytesPerFile: 1_000, seed: 'failover' });
  const opened = await startGrafana({ host: 13, browser, role: 'admin', config: shopConfig(data) });
  await showFailover(opened.page);
  for (const service of ['shop', 'accounts', 'ledger', 'sessions']) {
    await opened.goto(`failover?service=${service}`);
    await opened.page.getByTestId(ids.answer).waitFor();
    await opened.page.getByTestId(ids.topology).waitFor();
  }
  await opened.page.getByTestId(ids.start).click();
  await flowOf(opened.page).planned();

  expectNoConsoleErrors(opened);
  await opened.close();
}, 240_000);
