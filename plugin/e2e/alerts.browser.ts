import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { backUp } from '../../exporter/e2e/support/actions.ts';
import { startBrowser } from '../../exporter/e2e/support/browser.ts';
import { cleanUp, tempFolder, waitUntil } from '../../exporter/e2e/support/processes.ts';
import { alertTestIds } from '../src/pages/Alerts/testIds.ts';
import { auditTestIds } from '../src/pages/Audit/testIds.ts';
import { serviceTestIds } from '../src/pages/Service/testIds.ts';
import { testIds } from '../src/components/testIds.ts';
import { seriousFindings } from './support/axe.ts';
import { ensureBuilt } from './support/built.ts';
import { startConsole, type Console } from './support/console.ts';
import { flowOf } from './support/flow.ts';
import { knownFindings } from './support/known-findings.ts';
import { expectNoConsoleErrors, overflow, widths } from './support/opened.ts';
import { startShop, type Shop } from './support/shop.ts';
import { walkOn } from './support/walk.ts';

let shop: Shop;
let browser: Browser;
let opened: Console;

beforeAll(async () => {
  await ensureBuilt(12);
  const keyFile = path.join(tempFolder('genesis-key-'), 'key');
  writeFileSync(keyFile, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  [shop, browser] = await Promise.all([
    startShop({ backup: { encryption: { key: `file:${keyFile}` } } }),
    startBrowser(),
  ]);
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await cleanUp();
}, 60_000);

const flow = () => flowOf(opened.page);
const step = walkOn(() => opened?.page);
const listed = async (): Promise<readonly { id: string; threshold: number; severity: string }[]> =>
  (
    await shop.genesis.api<{ alerts: { id: string; threshold: number; severity: string }[] }>(
      'GET',
      '/dashboard/alerts',
    )
  ).body.alerts;

describe('alerts that are defined at run time', () => {
  step('are defined behind a form that says what is wrong', async () => {
    opened = await startConsole({ ...shop, browser, role: 'operator', path: 'alerts' });
    const { page } = opened;
    await page.getByText('Nobody has defined an alert').waitFor();
    await page.getByTestId(alertTestIds.create).click();
    const { dialog, submit } = flow();
    expect(await submit.isDisabled()).toBe(true);

    await dialog.getByLabel('Metric').fill('genesis_operations_active');
    await dialog.getByLabel('Metric').press('Enter');
    await dialog.getByLabel('Threshold').fill('many');
    await dialog.getByText('A number, in the unit of the metric').waitFor();
    await dialog.getByLabel('Threshold').fill('5');
    await dialog.getByLabel('What to tell (optional)').fill('too much at once');
    await submit.click();
    await flow().result.waitFor();

    expect(await listed()).toMatchObject([{ threshold: 5, severity: 'warning', metric: 'genesis_operations_active' }]);
    await flow().close();
    await page.getByTestId(alertTestIds.table).getByText('too much at once').waitFor();
  });

  step('are changed', async () => {
    const [alert] = await listed();
    await opened.page.getByTestId(alertTestIds.edit(alert?.id ?? '')).click();
    await flow().dialog.getByRole('radio', { name: 'Critical' }).click();
    await flow().submit.click();
    await flow().result.waitFor();

    expect(await listed()).toMatchObject([{ threshold: 5, severity: 'critical' }]);
    await flow().close();
  });

  step('show an error of the exporter in its place', async () => {
    const { page } = opened;
    opened.allow(/dashboard\/alerts 4\d\d|no_such_metric 404/);
    await page.getByTestId(alertTestIds.create).click();
    const { dialog } = flow();
    await dialog.getByLabel('Metric').fill('no_such_metric');
    await dialog.getByLabel('Metric').press('Enter');
    await dialog.getByLabel('Threshold').fill('1');
    await flow().submit.click();

    await dialog.getByTestId(testIds.error).getByText('It was not done').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
  });

  step('are deleted', async () => {
    const [alert] = await listed();
    await opened.page.getByTestId(alertTestIds.remove(alert?.id ?? '')).click();
    await flow().submit.click();
    await flow().result.waitFor();

    expect(await listed()).toEqual([]);
    await flow().close();
    expectNoConsoleErrors(opened);
    await opened.close();
  });
});

it.each([
  ['dark', widths.wide],
  ['light', widths.narrow],
] as const)(
  'has no serious finding of axe on the page and its dialog in the %s theme at %s px',
  async (theme, width) => {
    const body = { metric: 'genesis_rpo_seconds', condition: '>', threshold: 3600, tags: { service: 'shop' } };
    const made = await shop.genesis.api<{ alert_id: string }>('POST', '/dashboard/alerts', body);
    const page = await startConsole({ ...shop, browser, theme, width, path: 'alerts' });
    await page.page.getByTestId(alertTestIds.edit(made.body.alert_id)).waitFor();
    const found: string[] = [];
    const look = async (name: string): Promise<void> => {
      await page.page.waitForTimeout(600);
      const tooWide = await overflow(page.page);
      if (tooWide > 0) found.push(`${name}: ${tooWide} px too wide`);
      for (const { rule, where } of await seriousFindings(page.page))
        if (!knownFindings.some((known) => known.rule === rule && known.where.test(where)))
          found.push(`${name}: ${rule}: ${where}`);
    };
    await look('alerts');
    await page.page.getByTestId(alertTestIds.edit(made.body.alert_id)).click();
    await flowOf(page.page).submit.waitFor();
    await look('the dialog');

    expect(found).toEqual([]);
    expectNoConsoleErrors(page);
    await page.close();
    await shop.genesis.api('DELETE', `/dashboard/alerts/${made.body.alert_id}`);
  },
  120_000,
);

it('opens the row of a link that lies outside of what is listed, and says when there is none', async () => {
  await shop.genesis.api('POST', '/services/shop/pause', { seconds: 60, reason: 'for the log' });
  const page = await startConsole({ ...shop, browser, path: 'audit?result=denied&entry=1' });
  const entry = page.page.getByTestId(auditTestIds.entry);
  await entry.waitFor();
  expect(await page.page.getByRole('dialog').innerText()).toContain('Audit entry 1');

  await page.goto('audit?entry=999999');
  await page.page.getByText('The log has no such row').waitFor();
  expectNoConsoleErrors(page);
  await page.close();
}, 120_000);

it('confirms with the typed fingerprint that the key is kept elsewhere, and refuses another', async () => {
  await shop.genesis.api('POST', '/services/shop/resume', {});
  const { keyFingerprint } = await backUp(shop.genesis);
  const page = await startConsole({ ...shop, browser, path: 'services/shop' });
  page.allow(/key-confirmation 4\d\d/);
  const dialog = flowOf(page.page);
  await page.page.getByTestId(serviceTestIds.confirmKey).click();
  const field = dialog.dialog.getByLabel('Fingerprint of the key you keep');
  await field.fill('not hex');
  await dialog.dialog.getByText('8 to 64 digits of 0-9 and a-f').waitFor();
  expect(await dialog.submit.isDisabled()).toBe(true);
  await field.fill('0123456789abcdef');
  await dialog.submit.click();
  await dialog.dialog.getByTestId(testIds.error).waitFor();

  await field.fill(keyFingerprint ?? '');
  await dialog.submit.click();
  await dialog.result.waitFor();
  await dialog.close();

  await waitUntil('it is recorded', async () =>
    (await shop.genesis.api<{ keyConfirmed: boolean }>('GET', '/services/shop')).body.keyConfirmed ? true : undefined,
  );
  await page.page.getByTestId(serviceTestIds.confirmKey).waitFor({ state: 'detached', timeout: 45_000 });
  expectNoConsoleErrors(page);
  await page.close();
}, 120_000);
