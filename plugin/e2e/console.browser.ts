import type { Browser } from 'playwright-core';
import { startBrowser } from '../../exporter/e2e/support/browser.ts';
import { startGenesis, type Genesis } from '../../exporter/e2e/support/genesis.ts';
import { cleanUp } from '../../exporter/e2e/support/processes.ts';
import { ensureBuilt } from './support/built.ts';
import { startConsole, type ConsoleOptions } from './support/console.ts';
import { expectNoConsoleErrors, openPage, overflow, widths } from './support/opened.ts';
import { shellOf } from './support/shell.ts';

describe('the console of a real exporter', () => {
  let genesis: Genesis;
  let browser: Browser;
  const open = (options: ConsoleOptions = {}) => startConsole({ genesis, browser, ...options });

  beforeAll(async () => {
    await ensureBuilt(12);
    [genesis, browser] = await Promise.all([startGenesis(), startBrowser()]);
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await cleanUp();
  }, 60_000);

  it('opens with the link that the start printed, on the overview, without a code in the address', async () => {
    const link = /http:\/\/\S+\/login#code=\S+/.exec(genesis.output())?.[0] ?? '';
    const opened = await openPage(browser, genesis.url);

    await opened.page.goto(link);
    await opened.page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();

    expect(opened.page.url()).toBe(`${genesis.url}/a/genesis-dr-app/overview`);
    expect(await opened.context.cookies()).toMatchObject([{ httpOnly: true, sameSite: 'Strict' }]);
    expectNoConsoleErrors(opened);
    await opened.close();
  }, 60_000);

  it('opens with a typed token, which leaves no trace in the page, and comes back to the page that was asked for', async () => {
    const opened = await openPage(browser, genesis.url);
    await opened.page.goto(`${genesis.url}/a/genesis-dr-app/backups`);
    expect(new URL(opened.page.url()).pathname).toBe('/login');

    await opened.page.getByLabel('Token', { exact: true }).fill(genesis.tokens.viewer);
    await opened.page.keyboard.press('Enter');
    await opened.page.getByRole('heading', { level: 1, name: 'Backups' }).waitFor();

    const kept = await opened.page.evaluate<string>(
      'JSON.stringify([location.href, document.cookie, { ...localStorage }, { ...sessionStorage }, history.state])',
    );
    expect(kept).not.toContain(genesis.tokens.viewer);
    expect(opened.page.url()).toBe(`${genesis.url}/a/genesis-dr-app/backups`);
    expectNoConsoleErrors(opened);
    await opened.close();
  }, 60_000);

  it('refuses a wrong token in words', async () => {
    const opened = await openPage(browser, genesis.url);
    opened.allow(/api\/v1\/login 401/);
    await opened.page.goto(`${genesis.url}/login`);

    await opened.page.getByLabel('Token', { exact: true }).fill('gdr_wrong');
    await opened.page.getByRole('button', { name: 'Log in' }).click();

    await opened.page.getByText('Not logged in: a valid token or login session is needed').waitFor();
    expect(await opened.page.getByLabel('Token', { exact: true }).inputValue()).toBe('');
    expectNoConsoleErrors(opened);
    await opened.close();
  }, 60_000);

  it.each([
    ['viewer', ['Overview', 'Backups']],
    ['operator', ['Overview', 'Backups']],
    ['admin', ['Overview', 'Backups', 'Audit', 'Configuration']],
  ] as const)(
    'shows a %s the pages of that role',
    async (role, expected) => {
      const opened = await open({ role });

      const names = await shellOf(opened.page).pages.getByRole('link').allInnerTexts();

      expect(names).toEqual(expect.arrayContaining([...expected]));
      if (role !== 'admin') expect(names).not.toContain('Configuration');
      expectNoConsoleErrors(opened);
      await opened.close();
    },
    60_000,
  );

  it('opens every page of its navigation without a complaint, wide and narrow', async () => {
    for (const width of Object.values(widths)) {
      const opened = await open({ width });
      // Folded away in a narrow window.
      const addresses = await opened.page
        .locator('#console-pages a')
        .evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''));
      expect(addresses.length).toBeGreaterThan(5);
      for (const address of addresses) {
        await opened.goto(address.replace('/a/genesis-dr-app/', ''));
        expect([address, width, await overflow(opened.page)]).toEqual([address, width, 0]);
      }
      expectNoConsoleErrors(opened);
      await opened.close();
    }
  }, 180_000);

  it('follows links without loading anew, and goes back', async () => {
    const opened = await open();
    await opened.page.evaluate('window.stillTheSame = true');

    await shellOf(opened.page).open('Backups');
    await opened.page.goBack();
    await opened.page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();

    expect(await opened.page.evaluate('window.stillTheSame')).toBe(true);
    expectNoConsoleErrors(opened);
    await opened.close();
  }, 60_000);

  it('keeps the theme that was chosen', async () => {
    const opened = await open({ theme: 'dark' });
    const background = () => opened.page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const dark = await background();

    await shellOf(opened.page).switchTheme();
    await opened.page.getByRole('button', { name: 'Switch to the dark theme' }).waitFor();
    const light = await background();
    await opened.page.reload();
    await opened.page.getByRole('heading', { level: 1 }).waitFor();

    expect(light).not.toBe(dark);
    expect(await background()).toBe(light);
    expectNoConsoleErrors(opened);
    await opened.close();
  }, 60_000);

  it('says when the session has ended, leaves what stands, and logs out for good', async () => {
    const opened = await open();
    opened.allow(/ 401$/);

    await opened.page.evaluate(
      "fetch('/api/v1/logout', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })",
    );
    await opened.page.getByText('Your session has ended').waitFor({ timeout: 45_000 });
    await opened.page.getByRole('link', { name: 'Log in again' }).click();
    await opened.page.waitForURL(/\/login\?to=%2Fa%2Fgenesis-dr-app%2Foverview$/);

    await opened.page.goto(`${genesis.url}/console`);
    expect(new URL(opened.page.url()).pathname).toBe('/login');
    expectNoConsoleErrors(opened);
    await opened.close();
  }, 90_000);

  it('leaves the status page for browsers without scripts', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.setExtraHTTPHeaders({ authorization: `Bearer ${genesis.tokens.viewer}` });

    await page.goto(`${genesis.url}/status`);

    expect(await page.locator('#overall').innerText()).toContain('Could we recover right now?');
    await context.close();
  }, 30_000);
});
