import type { Locator, Page } from 'playwright-core';
import { testIds } from '../../src/components/testIds.ts';

/** The one dialog in which everything is planned, confirmed, watched and ended. */
export function flowOf(page: Page) {
  const dialog = page.getByTestId(testIds.flow.dialog);
  const part = (name: Exclude<keyof typeof testIds.flow, 'dialog'>): Locator => dialog.getByTestId(testIds.flow[name]);
  return {
    dialog,
    plan: part('plan'),
    blockers: part('blockers'),
    changed: part('changed'),
    reason: part('reason'),
    confirm: part('confirm'),
    submit: part('submit'),
    result: part('result'),
    /** The plan stands there, and what it asks for has not been entered yet. */
    async planned(): Promise<string> {
      await part('plan').waitFor();
      return part('plan').innerText();
    },
    /** Presses the button of the plan and waits until the operation has ended; how it ended. */
    async run(): Promise<string> {
      await part('submit').click();
      return this.ended();
    },
    async ended(): Promise<string> {
      const ends = ['succeeded', 'failed', 'cancelled', 'interrupted'];
      const progress = part('progress').and(page.locator(ends.map((state) => `[data-state=${state}]`).join(',')));
      await progress.waitFor({ timeout: 120_000 });
      return (await progress.getAttribute('data-state')) ?? '';
    },
    async close(): Promise<void> {
      await part('close').click();
      await dialog.waitFor({ state: 'detached' });
    },
  };
}

/** Whether a button is disabled, in the way that still lets its reason be read by hover and focus. */
export async function isRefused(button: Locator): Promise<boolean> {
  return (await button.getAttribute('aria-disabled')) === 'true' || (await button.isDisabled());
}

/** What a disabled button says when it is pointed at. */
export async function reasonOf(page: Page, button: Locator): Promise<string> {
  await button.hover({ force: true });
  const described = page.getByRole('tooltip').and(page.locator(':not(:has-text("Close"))'));
  await described.waitFor();
  const text = await described.innerText();
  await page.mouse.move(0, 0);
  await described.waitFor({ state: 'detached' });
  return text;
}
