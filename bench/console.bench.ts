/**
 * How long the console takes to be seen: a browser without anything in its cache, a server that runs already.
 * Run: node bench/console.bench.ts [--rounds 5] [--write docs/evidence/console.md]
 *
 * The server is the real exporter on its defaults. Each round is a new browser context with a session. Taken from the start of the
 * navigation: the first paint of anything, the app's page with its heading, and the first data of the server in it.
 * Bounds: the heading within 2 s (median), 2.5 MB over the wire for the first page, 150 kB for the app's own scripts.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { startBrowser } from '../exporter/e2e/support/browser.ts';
import { startGenesis, type Genesis } from '../exporter/e2e/support/genesis.ts';
import { checkout, cleanUp, waitUntil } from '../exporter/e2e/support/processes.ts';
import { ensureBuilt } from '../plugin/e2e/support/built.ts';

const bounds = { drawnMs: 2_000, wireBytes: 2_500_000, appBytes: 150_000 };
const service = 'demo-files';

interface Visit {
  readonly paintMs: number;
  readonly drawnMs: number;
  readonly dataMs: number;
  readonly wireBytes: number;
  readonly requests: number;
}

/** Written down in the page itself: what a test sees from outside comes later. */
const watch = `
  window.seen = {};
  const note = () => {
    if (seen.drawn === undefined && document.querySelector('main h1')) seen.drawn = performance.now();
    if (seen.data === undefined && document.querySelector('main')?.innerText.includes('${service}')) seen.data = performance.now();
  };
  new MutationObserver(note).observe(document, { childList: true, subtree: true, characterData: true });
`;

async function sessionCookie(genesis: Genesis): Promise<{ readonly name: string; readonly value: string }> {
  const reply = await fetch(`${genesis.url}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: genesis.tokens.admin }),
  });
  const [, name = '', value = ''] = /^([^=]+)=([^;]+)/.exec(reply.headers.get('set-cookie') ?? '') ?? [];
  return { name, value };
}

async function visit(browser: Browser, genesis: Genesis): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await context.addCookies([{ ...(await sessionCookie(genesis)), url: genesis.url }]);
  const page = await context.newPage();
  await page.addInitScript(watch);
  const network = await context.newCDPSession(page);
  let [wireBytes, requests] = [0, 0];
  await network.send('Network.enable');
  network.on('Network.loadingFinished', ({ encodedDataLength }) => {
    wireBytes += encodedDataLength;
    requests += 1;
  });
  await page.goto(`${genesis.url}/console`);
  const times = await waitUntil('the page shows data', async () => {
    const seen = await page.evaluate<{ drawn?: number; data?: number }>('seen');
    return seen.drawn !== undefined && seen.data !== undefined ? { drawn: seen.drawn, data: seen.data } : undefined;
  });
  const paintMs = await page.evaluate<number>(
    "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN",
  );
  await context.close();
  return { paintMs, drawnMs: times.drawn, dataMs: times.data, wireBytes, requests };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** All scripts of the app, as Grafana would send them. */
function appBytes(): number {
  const folder = join(checkout, 'plugin/dist');
  const scripts = readdirSync(folder).filter((file) => file.endsWith('.js') && statSync(join(folder, file)).isFile());
  return scripts.reduce((sum, file) => sum + gzipSync(readFileSync(join(folder, file)), { level: 9 }).length, 0);
}

function report(visits: readonly Visit[], app: number): string {
  const row = (of: keyof Visit): readonly number[] => visits.map((visited) => visited[of]);
  const ms = (of: keyof Visit): string =>
    `| ${median(row(of)).toFixed(0)} | ${Math.min(...row(of)).toFixed(0)} | ${Math.max(...row(of)).toFixed(0)} |`;
  return [
    '# The console in a browser with an empty cache',
    '',
    `Command: \`node bench/console.bench.ts --rounds ${visits.length}\`; Node ${process.version}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}, ${new Date().toISOString().slice(0, 10)}.`,
    '',
    'From the start of the navigation, milliseconds; server warm, Chromium headless on the same machine.',
    '',
    '| | median | least | most |',
    '|---|---|---|---|',
    `| first paint of anything ${ms('paintMs')}`,
    `| the page with its heading (bound ${bounds.drawnMs}) ${ms('drawnMs')}`,
    `| first data of the server in it ${ms('dataMs')}`,
    '',
    `Over the wire for that first page: ${(median(row('wireBytes')) / 1e6).toFixed(2)} MB in ${median(row('requests'))} requests (bound ${bounds.wireBytes / 1e6} MB).`,
    `The app's own scripts, all of them, gzip: ${(app / 1000).toFixed(1)} kB (bound ${bounds.appBytes / 1000} kB).`,
    '',
  ].join('\n');
}

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, write: { type: 'string' } } });
await ensureBuilt(12);
const genesis = await startGenesis();
const browser = await startBrowser();
await visit(browser, genesis); // warms the server up, and the browser's own start
const visits: Visit[] = [];
for (let round = 0; round < Number(values.rounds); round += 1) visits.push(await visit(browser, genesis));
await browser.close();
await cleanUp();
const app = appBytes();
const text = report(visits, app);
process.stdout.write(text);
if (values.write !== undefined) writeFileSync(join(checkout, values.write), text);
const met =
  median(visits.map(({ drawnMs }) => drawnMs)) <= bounds.drawnMs &&
  median(visits.map(({ wireBytes }) => wireBytes)) <= bounds.wireBytes &&
  app > 0 &&
  app <= bounds.appBytes;
process.exit(met ? 0 : 1);
