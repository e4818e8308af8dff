import type { Page } from 'playwright-core';

/** The console's own frame. */
export function shellOf(page: Page) {
  const pages = page.getByRole('navigation', { name: 'Pages' });
  return {
    pages,
    /** By the name that stands in the navigation. */
    async open(name: string): Promise<void> {
      await pages.getByRole('link', { name, exact: true }).click();
      await page.getByRole('heading', { level: 1, name }).waitFor();
    },
    switchTheme: () => page.getByRole('button', { name: /^Switch to the/ }).click(),
    logOut: () => page.getByRole('button', { name: 'Log out' }).click(),
    unfold: () => page.getByRole('button', { name: 'Pages' }).click(),
  };
}
