import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import type { DrillRecord } from '../src/contract/operation.ts';
import { catalogue } from './support/actions.ts';
import { startBrowser, watchedPage, type Watched } from './support/browser.ts';
import { genesisCommand, startGenesis, type Genesis } from './support/genesis.ts';
import { cleanUp, tempFolder, waitUntil } from './support/processes.ts';

/** Set GENESIS_TEST_PICTURES to a folder to keep them. */
const pictures = process.env['GENESIS_TEST_PICTURES'] ?? tempFolder('genesis-pictures-');

/** The printed link, asked to lead on to the status page: without a word it leads to the console where that is built. */
function linkIn(output: string): string {
  return (/http:\/\/\S+\/login#code=\S+/.exec(output)?.[0] ?? '').replace('/login#', '/login?to=/status#');
}

describe('the status page of a server that runs on its defaults', () => {
  let genesis: Genesis;
  let browser: Browser;
  let watched: Watched;
  let page: Page;
  let link: string;

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    genesis = await startGenesis();
    browser = await startBrowser();
    watched = await watchedPage(browser);
    ({ page } = watched);
    link = linkIn(genesis.output());
    await waitUntil(
      'the first backup is copied and the first drill has passed',
      async () =>
        (await genesis.api<{ items: DrillRecord[] }>('GET', '/drills')).body.items.length > 0 &&
        (await catalogue(genesis)).some((entry) => entry.copies.length > 0),
      { deadlineMs: 90_000, processes: [genesis.process] },
    );
  }, 150_000);

  afterAll(async () => {
    await browser?.close();
    await cleanUp();
  }, 60_000);

  const card = () => page.locator('[data-service="demo-files"]');
  const factOf = (name: string) => card().locator('dl > div').filter({ hasText: name }).locator('dd');

  it('leads somebody without a session to a page that says how to get in', async () => {
    await page.goto(`${genesis.url}/status`);

    expect(new URL(page.url()).pathname).toBe('/login');
    expect(await page.locator('main').innerText()).toContain('genesis login');
  }, 30_000);

  it('lets in with the link that the start printed, whose code does not stay in the address', async () => {
    // The login page is open already: only the fragment changes.
    await page.goto(link);
    await page.waitForURL(`${genesis.url}/status`);

    expect(page.url()).not.toContain('code');
    const cookies = await watched.context.cookies();
    expect(cookies).toMatchObject([{ httpOnly: true, sameSite: 'Strict' }]);
  }, 30_000);

  it('says at once whether the service could be recovered, and on what that rests', async () => {
    await waitUntil('the page knows of the drill', async () => {
      await page.reload();
      return /Recoverable now/.test(await card().innerText());
    });

    expect(await page.locator('#overall').innerText()).toMatch(/Could we recover right now\?\s+recoverable now/);
    expect(await factOf('Last backup').innerText()).toMatch(/ago\s+(full|incremental), .*\s+verified .* ago/);
    expect(await factOf('Last restore drill').innerText()).toMatch(/passed .* ago\s+restored in /);
    expect(await factOf('Data loss now').innerText()).toMatch(/\d+.* s\s+objective 1 h/);
    expect(await factOf('Time to recover').innerText()).toMatch(/\d+.* s\s+objective 4 h/);
    expect(await factOf('Next').innerText()).toMatch(/incremental in .*/);
    expect(await page.locator('#running').innerText()).toMatch(
      /Nothing is running\. Next: .* of demo-files in |Running now/,
    );
    const times = await page
      .locator('time')
      .evaluateAll((all) => all.map((time) => [time.getAttribute('title'), time.textContent]));
    expect(times.length).toBeGreaterThan(6);
    for (const [title, text] of times) {
      expect(title).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
      expect(text).toMatch(/ago|in /);
    }
  }, 60_000);

  it('names what readiness lacks with what to do, and shows the passed checks when asked', async () => {
    const text = await card().innerText();
    expect(text).toMatch(/Readiness \d+ % objective 80 %/);
    expect(text).toMatch(/failed no copy is marked offsite copy_offsite\s+bring a copy to another place/);
    expect(await card().getByText('the last reload succeeded').isVisible()).toBe(false);

    await card()
      .getByText(/\d+ checks passed/)
      .click();

    expect(await card().getByText('the last reload succeeded').isVisible()).toBe(true);
  }, 30_000);

  it('fits wide and narrow windows in light and dark', async () => {
    const backgrounds = new Set<string>();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      backgrounds.add(await page.evaluate<string>('getComputedStyle(document.body).backgroundColor'));
      for (const width of [1200, 360]) {
        await page.setViewportSize({ width, height: 800 });
        const sizes = await page.evaluate<{ content: number; window: number }>(
          '({ content: document.documentElement.scrollWidth, window: innerWidth })',
        );
        expect({ colorScheme, ...sizes }).toEqual({ colorScheme, content: width, window: width });
        await page.screenshot({ path: path.join(pictures, `status-${colorScheme}-${width}.png`), fullPage: true });
      }
    }
    expect(backgrounds.size).toBe(2);
    await page.setViewportSize({ width: 1200, height: 800 });
  }, 60_000);

  it('renews itself without closing what was opened, and keeps no session alive by that', async () => {
    const renewal = await page.waitForResponse(`${genesis.url}/status?auto=1`, { timeout: 15_000 });
    expect(renewal.status()).toBe(200);
    await page.waitForTimeout(300);

    expect(await card().getByText('the last reload succeeded').isVisible()).toBe(true);
    expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe('/status');
  }, 30_000);

  it('asked nobody else and broke no rule of its policy', () => {
    expect(watched.complaints).toEqual([]);
    expect([...watched.origins]).toEqual([genesis.url]);
  });

  it('refuses the link a second time and says what to do', async () => {
    const second = await watchedPage(browser);
    await second.page.goto(link);
    await second.page.getByText('Not logged in').waitFor();

    expect(await second.page.locator('#message').innerText()).toMatch(
      /^Not logged in: .*(used|expired|not valid).*\. Ask for a new link as described below\.$/,
    );
    expect(await second.context.cookies()).toEqual([]);
    await second.page.goto(`${genesis.url}/status`);
    expect(new URL(second.page.url()).pathname).toBe('/login');
    await second.context.close();
  }, 30_000);

  it('lets in with the link that `genesis login` prints', async () => {
    const printed = await genesisCommand(genesis.home, ['login']);
    expect(printed.exitCode).toBe(0);
    const second = await watchedPage(browser);

    await second.page.goto(linkIn(printed.output));
    await second.page.waitForURL(`${genesis.url}/status`);

    expect(await second.page.locator('main').innerText()).toContain('demo-files');
    expect(second.complaints).toEqual([]);
    await second.context.close();
  }, 60_000);

  it('logs out, and the old cookie opens nothing any more', async () => {
    const [cookie] = await watched.context.cookies();
    if (cookie === undefined) throw new Error('there is no session to end');
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.waitForURL(`${genesis.url}/login`);

    const answer = await genesis.get('/status', { cookie: `${cookie.name}=${cookie.value}` });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/login?to=/status']);
  }, 30_000);

  it('does not look healthy when the server is gone', async () => {
    const printed = await genesisCommand(genesis.home, ['login']);
    await page.goto(linkIn(printed.output));
    await page.waitForURL(`${genesis.url}/status`);
    expect(await page.getByRole('alert').isVisible()).toBe(false);

    await genesis.stop();

    await page.getByText('Genesis has not answered since').waitFor({ timeout: 15_000 });
    expect(await page.locator('main').evaluate((main) => main.className)).toBe('old');
    await page.screenshot({ path: path.join(pictures, 'status-lost.png') });
  }, 60_000);
});
