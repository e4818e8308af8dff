import type { Browser } from 'playwright-core';
import { startBrowser } from '../../../exporter/e2e/support/browser.ts';
import {
  startGenesis,
  type Genesis,
  type GenesisOptions,
  type TokenRole,
} from '../../../exporter/e2e/support/genesis.ts';
import { freePort } from '../../../exporter/e2e/support/processes.ts';
import { ensureBuilt } from './built.ts';
import { people, startFakeGrafana, type FakeGrafana, type HostVersion } from './grafana.ts';
import { openPage, type Opened, type View } from './opened.ts';

export interface ConsoleOptions extends View {
  /** Whose token is typed in; default admin. */
  readonly role?: TokenRole;
  /** A server that runs already; default: a new one on its defaults (or on `config`). */
  readonly genesis?: Genesis;
  readonly config?: GenesisOptions['config'];
  /** Below /a/genesis-dr-app/; default overview. */
  readonly path?: string;
  /** A browser that runs already. */
  readonly browser?: Browser;
}

/** An exporter, a browser, and somebody of a role logged in. */
export interface Console extends Opened {
  readonly genesis: Genesis;
  readonly browser: Browser;
}

async function serverOf({ genesis, config }: Pick<ConsoleOptions, 'genesis' | 'config'>): Promise<Genesis> {
  return genesis ?? startGenesis(config === undefined ? {} : { config });
}

/** Types the token of a role into the login page, as a person would. */
export async function logIn(opened: Opened, token: string, path = 'overview'): Promise<void> {
  const { page, url } = opened;
  await page.goto(`${url}/login?to=${encodeURIComponent(`/a/genesis-dr-app/${path}`)}`);
  await page.getByLabel('Token', { exact: true }).fill(token);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL(({ pathname }) => pathname !== '/login');
  await page.locator('h1').first().waitFor();
}

/**
 * The console of a real exporter in a real browser, logged in. `await c.goto('backups')`, then use `c.page`; at the end
 * `expectNoConsoleErrors(c)` and `await c.close()`. The server and a browser made here end with `cleanUp()`.
 */
export async function startConsole(options: ConsoleOptions = {}): Promise<Console> {
  await ensureBuilt(12);
  const genesis = await serverOf(options);
  const browser = options.browser ?? (await startBrowser());
  const opened = await openPage(browser, genesis.url, options);
  await logIn(opened, genesis.tokens[options.role ?? 'admin'], options.path);
  const close = async (): Promise<void> => {
    await opened.close();
    if (options.browser === undefined) await browser.close();
  };
  return { ...opened, genesis, browser, close };
}

export interface GrafanaPageOptions extends View {
  readonly host: HostVersion;
  /** Default admin. */
  readonly role?: TokenRole;
  readonly path?: string;
  readonly browser?: Browser;
  /** How strictly the exporter asks who the person is; default require. */
  readonly identity?: 'off' | 'warn' | 'require';
  /** False: Grafana has no identity for this person. */
  readonly signs?: boolean;
  /** Added to the configuration of the exporter. */
  readonly config?: Readonly<Record<string, unknown>>;
}

export interface GrafanaPage extends Console {
  readonly grafana: FakeGrafana;
}

/** The same app in a page of Grafana's packages, behind Grafana's proxy rules and signature, in front of a real exporter. */
export async function startGrafana(options: GrafanaPageOptions): Promise<GrafanaPage> {
  await ensureBuilt(options.host);
  // Each must know the other's address before it starts.
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const identity = options.identity ?? 'require';
  const genesis = await startGenesis({
    config: { ...options.config, grafana: { url, identity, root_url: `${url}/` } },
  });
  const { viewer, operator, admin } = genesis.tokens;
  const settings = {
    enabled: true,
    pinned: true,
    jsonData: { apiUrl: genesis.url },
    secureJsonData: { readToken: viewer, operateToken: operator, adminToken: admin },
  };
  const person = people[options.role ?? 'admin'];
  const signs = options.signs ?? true;
  const grafana = await startFakeGrafana({ host: options.host, person, settings, signs }, port);
  const browser = options.browser ?? (await startBrowser());
  const opened = await openPage(browser, grafana.url, options);
  await opened.goto(options.path ?? 'overview');
  const close = async (): Promise<void> => {
    await opened.close();
    if (options.browser === undefined) await browser.close();
    await grafana.close();
  };
  return { ...opened, genesis, browser, grafana, close };
}
