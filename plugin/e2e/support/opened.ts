import type { Browser, BrowserContext, Page } from 'playwright-core';

export const widths = { wide: 1440, narrow: 360 } as const;

export interface View {
  /** Default dark. */
  readonly theme?: 'dark' | 'light';
  /** Default 1440 px. */
  readonly width?: number;
}

/** A page of the app in a browser context of its own, of which everything that goes wrong is written down. */
export interface Opened {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Base address of the host. */
  readonly url: string;
  /** Console errors and warnings, exceptions, breaches of the policy, failed requests and answers of 400 and above. */
  readonly complaints: string[];
  /** Origins of all requests. */
  readonly origins: Set<string>;
  /** Opens `/a/genesis-dr-app/<path>` and waits for its heading. */
  goto(path: string): Promise<void>;
  /** A complaint that belongs to what the test does, e.g. a refusal. */
  allow(pattern: RegExp): void;
  close(): Promise<void>;
}

/** Requests that a page gives up by itself when it moves on. */
const given = /net::ERR_ABORTED/;

export async function openPage(browser: Browser, url: string, view: View = {}): Promise<Opened> {
  const context = await browser.newContext({
    viewport: { width: view.width ?? widths.wide, height: 900 },
    colorScheme: view.theme ?? 'dark',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  const origins = new Set<string>();
  const allowed: RegExp[] = [];
  const complain = (text: string): void => {
    if (!allowed.some((pattern) => pattern.test(text))) complaints.push(text);
  };
  page.on('console', (message) => {
    // Chromium says of each refused request what `response` below says better.
    if (message.text().startsWith('Failed to load resource')) return;
    if (['error', 'warning'].includes(message.type())) complain(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complain(`exception: ${error.stack ?? error.message}`));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:') origins.add(origin);
  });
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? '';
    if (!given.test(why)) complain(`failed: ${request.method()} ${request.url()} ${why}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400)
      complain(`answer: ${response.request().method()} ${response.url()} ${response.status()}`);
  });
  await page.addInitScript(
    "addEventListener('securitypolicyviolation', (event) => console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))",
  );
  return {
    context,
    page,
    url,
    complaints,
    origins,
    allow: (pattern) => void allowed.push(pattern),
    async goto(path) {
      await page.goto(`${url}/a/genesis-dr-app/${path}`);
      await page.locator('h1').first().waitFor();
    },
    close: () => context.close(),
  };
}

/** Nothing unexpected was said on the console, failed, was refused, or came from another site. */
export function expectNoConsoleErrors(opened: Opened): void {
  expect(opened.complaints).toEqual([]);
  expect([...opened.origins].filter((origin) => origin !== opened.url)).toEqual([]);
}

/** Whether the page is wider than its window. */
export async function overflow(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}
