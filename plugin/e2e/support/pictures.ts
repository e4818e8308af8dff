import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { logIn } from './console.ts';
import { openPage, overflow, widths } from './opened.ts';

export interface PictureJob {
  readonly browser: Browser;
  readonly url: string;
  readonly token: string;
  /** Below /a/genesis-dr-app/, by the name that the files get. */
  readonly pages: Readonly<Record<string, string>>;
  readonly folder: string;
  /** Before the first page is opened. */
  readonly prepare?: (page: Page) => Promise<void>;
  /** Brings a page into the state that is to be shown; default: wait until nothing is loading. */
  readonly ready?: (page: Page, name: string) => Promise<void>;
}

export interface Picture {
  readonly file: string;
  readonly name: string;
  readonly theme: 'dark' | 'light';
  readonly width: number;
  /** Pixels by which the page is wider than its window; 0 is right. */
  readonly overflow: number;
  readonly complaints: readonly string[];
}

/** Fonts are there, nothing spins, and the first data has come. */
export async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await page.evaluate('document.fonts.ready.then(() => 0)');
  await page.waitForTimeout(1_000);
}

/** A narrow page is as long as its lists; what lies further down looks like what is above it. */
const tallest = 2_000;

async function photograph(page: Page, file: string, width: number): Promise<void> {
  // A drawer covers the window, not the page behind it.
  const isCovered = (await page.getByRole('dialog').count()) > 0;
  if (width === widths.wide || isCovered) return void (await page.screenshot({ path: file }));
  const height = await page.evaluate<number>('document.documentElement.scrollHeight');
  await page.screenshot({ path: file, fullPage: true, clip: { x: 0, y: 0, width, height: Math.min(height, tallest) } });
}

/** Each page in both themes and both widths: `<name>-<theme>-<wide|narrow>.png`. */
export async function takePictures(job: PictureJob): Promise<Picture[]> {
  const taken: Picture[] = [];
  mkdirSync(job.folder, { recursive: true });
  for (const theme of ['dark', 'light'] as const) {
    for (const [size, width] of Object.entries(widths)) {
      const opened = await openPage(job.browser, job.url, { theme, width });
      await job.prepare?.(opened.page);
      await logIn(opened, job.token);
      for (const [name, address] of Object.entries(job.pages)) {
        await opened.goto(address);
        await (job.ready ?? settled)(opened.page, name);
        const file = path.join(job.folder, `${name}-${theme}-${size}.png`);
        await photograph(opened.page, file, width);
        taken.push({
          file,
          name,
          theme,
          width,
          overflow: await overflow(opened.page),
          complaints: opened.complaints.splice(0),
        });
      }
      await opened.close();
    }
  }
  return taken;
}
