import type { Browser } from 'playwright-core';
import { startBrowser } from '../../exporter/e2e/support/browser.ts';
import { backUp, shopConfig } from '../../exporter/e2e/support/actions.ts';
import { cleanUp, tempFolder } from '../../exporter/e2e/support/processes.ts';
import { makeTree } from '../../exporter/e2e/support/tree.ts';
import { auditTestIds } from '../src/pages/Audit/testIds.ts';
import { backupTestIds } from '../src/pages/Backups/testIds.ts';
import { startGrafana, type GrafanaPage } from './support/console.ts';
import { flowOf } from './support/flow.ts';
import { people } from './support/grafana.ts';
import { expectNoConsoleErrors } from './support/opened.ts';

/** Asks through the proxy from inside the page, as the app does. */
async function ask(page: GrafanaPage, method: string, path: string, body?: unknown) {
  return page.page.evaluate<{ status: number; text: string; policy: string | null }, readonly unknown[]>(
    async ([m, p, b]) => {
      const answer = await fetch(`/api/plugin-proxy/genesis-dr-app/${String(p)}`, {
        method: String(m),
        ...(b === null ? {} : { body: JSON.stringify(b), headers: { 'content-type': 'application/json' } }),
      });
      return {
        status: answer.status,
        text: await answer.text(),
        policy: answer.headers.get('content-security-policy'),
      };
    },
    [method, path, body ?? null],
  );
}

describe.each([12, 13] as const)('the built app in the packages of Grafana %s', (host) => {
  let browser: Browser;
  let opened: GrafanaPage;

  beforeAll(async () => {
    browser = await startBrowser();
    const data = tempFolder('genesis-shop-');
    makeTree(data, { files: 10, bytesPerFile: 1_000, seed: host });
    opened = await startGrafana({ host, browser, role: 'admin', config: shopConfig(data) });
    await backUp(opened.genesis);
  }, 300_000);
  afterAll(async () => {
    await opened?.close();
    await browser?.close();
    await cleanUp();
  }, 60_000);

  it('draws its pages with the React of that host and without a complaint', async () => {
    for (const path of ['overview', 'backups', 'operations', 'drills', 'sla', 'audit', 'configuration']) {
      await opened.goto(path);
      await opened.page.waitForTimeout(300);
    }

    expectNoConsoleErrors(opened);
  }, 120_000);

  it('names the person to the exporter by the signature of Grafana', async () => {
    opened.grafana.person = people.operator;

    const { status, text } = await ask(opened, 'POST', 'operate/me', {});

    expect([status, JSON.parse(text)]).toMatchObject([
      200,
      { name: 'Ada Lovelace (ada)', role: 'operator', identity: { mode: 'require', verified: true } },
    ]);
    opened.grafana.person = people.admin;
  }, 30_000);

  it('is kept by the proxy to what the role of the person may do', async () => {
    opened.allow(/answer: POST .* 403/);
    opened.grafana.person = people.viewer;

    const read = await ask(opened, 'GET', 'read/services');
    const operate = await ask(opened, 'POST', 'operate/me', {});
    const admin = await ask(opened, 'POST', 'admin/me', {});

    expect([read.status, read.policy]).toEqual([200, 'sandbox']);
    expect([operate.status, operate.text]).toEqual([403, '{"message":"plugin proxy route access denied"}']);
    expect(admin.status).toBe(403);
    opened.grafana.person = people.admin;
  }, 30_000);

  it('cannot leave its route by encoded slashes: the exporter refuses what the proxy lets through', async () => {
    opened.allow(/answer: GET .* 40[0-9]/);
    opened.grafana.person = people.viewer;

    const answer = await ask(opened, 'GET', 'read/..%2Fadmin%2Fme');

    expect(opened.grafana.proxied.at(-1)).toEqual({ method: 'GET', path: 'read/..%2Fadmin%2Fme', decision: 'forward' });
    expect([answer.status, (JSON.parse(answer.text) as { code: string }).code]).toEqual([400, 'bad_request_target']);
    opened.grafana.person = people.admin;
  }, 30_000);

  it('lets an operator back up, and shows in the audit log who that was, proven by Grafana', async () => {
    const { grafana, page } = opened;
    grafana.person = people.operator;
    await opened.goto('backups');
    await page.getByTestId(backupTestIds.start).click();
    const flow = flowOf(page);
    await flow.planned();
    await flow.reason.fill('before the change');
    expect(await flow.run()).toBe('succeeded');
    const link = await flow.dialog.getByRole('link', { name: 'Open this operation' }).getAttribute('href');
    const operationId = new URL(link ?? '', opened.url).searchParams.get('operation') ?? '';

    grafana.person = people.admin;
    await opened.goto(`audit?operationId=${operationId}`);
    const row = page.getByTestId(auditTestIds.table).getByRole('row').nth(1);
    await row.waitFor();

    expect(await row.innerText()).toMatch(/Ada Lovelace \(ada\)[^]*Verified[^]*before the change/);
    expectNoConsoleErrors(opened);
  }, 120_000);

  it('streams events through the proxy', async () => {
    const state = await opened.page.evaluate<number>(`new Promise((resolve) => {
      const events = new EventSource('/api/plugin-proxy/genesis-dr-app/read/events');
      const done = () => { resolve(events.readyState); events.close(); };
      events.onopen = done;
      events.onerror = done;
    })`);

    expect(state).toBe(1);
  }, 30_000);
});
