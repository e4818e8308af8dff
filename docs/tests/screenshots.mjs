// Makes the pictures of docs/img from a running server, in both colour schemes.
//
//   node docs/tests/screenshots.mjs [URL OF A LOGIN LINK, from `genesis login`]
//
// Needs Chromium (CHROMIUM=/path where it is not on the PATH as chromium).
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const link = process.argv[2];
if (link === undefined) throw new Error('name the login link that `genesis login` prints');
const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'img');
mkdirSync(folder, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
try {
  // Two schemes in one context: the link works only once.
  const page = await browser.newPage({ viewport: { width: 1000, height: 700 }, deviceScaleFactor: 1 });
  await page.goto(link.replace('/login#', '/login?to=/status#'));
  await page.waitForURL((url) => url.pathname === '/status');
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.screenshot({ path: join(folder, `status-page-${scheme}.png`), fullPage: false });
  }
} finally {
  await browser.close();
}
