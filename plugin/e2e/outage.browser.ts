import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { backUp } from '../../exporter/e2e/support/actions.ts';
import { startBrowser } from '../../exporter/e2e/support/browser.ts';
import { cleanUp, tempFolder } from '../../exporter/e2e/support/processes.ts';
import type { Operation } from '../../exporter/src/contract/index.ts';
import { testIds } from '../src/components/testIds.ts';
import { backupTestIds } from '../src/pages/Backups/testIds.ts';
import { operationTestIds } from '../src/pages/Operations/testIds.ts';
import { ensureBuilt } from './support/built.ts';
import { startConsole } from './support/console.ts';
import { isRefused, reasonOf } from './support/flow.ts';
import { expectNoConsoleErrors, openPage } from './support/opened.ts';
import { startShop, type Shop } from './support/shop.ts';

let shop: Shop;
let browser: Browser;
let id: string;
/** A restore in place stops its service first; here that lasts until this file is there. */
let released: string;

beforeAll(async () => {
  await ensureBuilt(12);
  released = path.join(tempFolder('genesis-released-'), 'now');
  const wait = ['/bin/sh', '-c', 'while [ ! -e "$0" ]; do sleep 0.1; done', released];
  [shop, browser] = await Promise.all([startShop({ service: { restore: { stop: wait } } }), startBrowser()]);
  id = (await backUp(shop.genesis)).id;
}, 300_000);
afterAll(async () => {
  process.kill(shop.genesis.pid, 'SIGCONT');
  await browser?.close();
  await cleanUp();
}, 60_000);

const streamState = (page: Page) => page.getByTestId(testIds.connection.state);

it('keeps what it knows when the exporter hangs, says so, stops actions, and recovers', async () => {
  const opened = await startConsole({ ...shop, browser, path: 'backups' });
  const { page } = opened;
  // Requests that were given up by their deadline.
  opened.allow(/^failed: .*(ERR_|aborted)/);
  await page.getByText(id).first().waitFor();
  await page.locator(`[data-testid=${testIds.connection.state}][data-state=connected]`).waitFor();

  process.kill(shop.genesis.pid, 'SIGSTOP');
  try {
    // Coming back to the tab asks anew, which spares the test the wait for the next refresh.
    const notice = page.getByTestId(testIds.connection.notice);
    await notice.waitFor({ timeout: 100_000 });
    expect(await notice.innerText()).toMatch(/not reachable since .*[\s\S]*What you see is of .*\d\d:\d\d/);
    expect(await page.getByText(id).first().isVisible()).toBe(true);
    const start = page.getByTestId(backupTestIds.start);
    expect(await isRefused(start)).toBe(true);
    expect(await reasonOf(page, start)).toContain('not reachable');
  } finally {
    process.kill(shop.genesis.pid, 'SIGCONT');
  }

  await page.getByTestId(testIds.connection.notice).waitFor({ state: 'detached', timeout: 60_000 });
  expect(await page.getByText(id).first().isVisible()).toBe(true);
  expect(await isRefused(page.getByTestId(backupTestIds.start))).toBe(false);
  expectNoConsoleErrors(opened);
  await opened.close();
}, 240_000);

it('says that it polls where there are no live events, and still sees what happens', async () => {
  const opened = await startConsole({ ...shop, browser, path: 'operations' });
  const { page } = opened;
  opened.allow(/read\/events/);
  await page.route('**/read/events', (route) => route.abort());

  await opened.goto('operations');
  await page.locator(`[data-testid=${testIds.connection.state}][data-state=polling]`).waitFor({ timeout: 60_000 });
  expect(await streamState(page).innerText()).toContain('No live events: asks every 10 s');
  const backup = await backUp(shop.genesis, 'incremental');
  const operations = await shop.genesis.api<{ items: Operation[] }>('GET', '/operations');
  expect(operations.body.items[0]?.result?.['backupId']).toBe(backup.id);

  await page
    .getByTestId(operationTestIds.past)
    .getByText(operations.body.items[0]?.id ?? '')
    .waitFor({ timeout: 30_000 });
  expectNoConsoleErrors(opened);
  await opened.close();
}, 150_000);

it('shows a running operation, also after a reload, until its end', async () => {
  const started = await shop.genesis.api<Operation>('POST', `/backups/${id}/restore`, {
    target: { kind: 'in_place' },
    confirm: 'shop',
    reason: 'a test of progress',
  });
  const opened = await openPage(browser, shop.genesis.url);
  const { page } = opened;
  // Somebody who is not logged in follows the link, and comes back to it.
  await page.goto(`${shop.genesis.url}/a/genesis-dr-app/operations?operation=${started.body.id}`);
  await page.getByLabel('Token', { exact: true }).fill(shop.genesis.tokens.admin);
  await page.getByRole('button', { name: 'Log in' }).click();
  const progress = page.getByTestId(operationTestIds.drawer).getByTestId(testIds.flow.progress);
  const inState = (state: string) => progress.and(page.locator(`[data-state=${state}]`));
  await inState('running').waitFor();
  expect(await page.getByTestId(operationTestIds.running).innerText()).toContain(started.body.id);

  await page.reload();

  await inState('running').waitFor();
  expect(await progress.innerText()).toMatch(/Time so far: .* s/);
  writeFileSync(released, '');
  await inState('succeeded').waitFor({ timeout: 60_000 });
  expect(await progress.innerText()).not.toContain('Time so far');
  expectNoConsoleErrors(opened);
  await opened.close();
}, 150_000);
