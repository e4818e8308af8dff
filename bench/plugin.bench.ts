/**
 * How the Backups page behaves over a catalogue of many: from the reply of the list to its rows on the screen, and how evenly the largest
 * page scrolls. The size of the app's own scripts stands in bench/console.bench.ts.
 * Run: node bench/plugin.bench.ts [--backups 10000] [--rounds 7] [--write docs/evidence/plugin.md]
 *
 * A real exporter serves the console; its catalogue is filled before it starts. Each round opens the page from the overview, so that the
 * shell is there and the page's own chunk is in the cache, as for somebody at work. Taken in the page: the end of the reply, the first
 * rows in the document, and the second frame after that, when they have been drawn.
 * Bounds: rows within 500 ms of the reply (median); no task of the main thread longer than 100 ms while it scrolls (median of the rounds'
 * longest). How long a frame takes depends on the machine, which draws without a graphics card; so a page of plain text scrolls beside it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { shopConfig } from '../exporter/e2e/support/actions.ts';
import { startBrowser } from '../exporter/e2e/support/browser.ts';
import { startGenesis } from '../exporter/e2e/support/genesis.ts';
import { checkout, cleanUp, tempFolder, waitUntil } from '../exporter/e2e/support/processes.ts';
import type { BackupRecord } from '../exporter/src/contract/backup.ts';
import { openForTest } from '../exporter/src/store/sqlite/testing.ts';
import { startConsole } from '../plugin/e2e/support/console.ts';

const bounds = { rowsMs: 500, taskMs: 100 };

/** Every half hour, back from now; sizes and durations are spread, each incremental builds upon the one before. */
function recordOf(n: number, total: number): BackupRecord {
  const startedMs = Date.now() - (total - n) * 1_800_000;
  const id = (of: number): string => `backup_${String(of).padStart(8, '0')}_abcdef01`;
  const isFull = n % 48 === 0;
  const bytes = ((n * 104_729) % 1_000_003) * 1000;
  const component = { status: 'completed', entries: 1000, bytes, addedBytes: 10, storedBytes: 5, warnings: 0 } as const;
  return {
    id: id(n),
    service: 'shop',
    engine: 'archive',
    type: isFull ? 'full' : 'incremental',
    parent: isFull ? null : id(n - 1),
    status: 'completed',
    startedAt: new Date(startedMs).toISOString(),
    endedAt: new Date(startedMs + ((n * 7919) % 600_000)).toISOString(),
    components: ['data', 'config', 'plugins'].map((name) => ({ name, skipped: {}, error: null, ...component })),
    entries: 3000,
    bytes: bytes * 3,
    addedBytes: 30,
    storedBytes: 15 + n,
    checksum: n.toString(16).padStart(64, '0'),
    encrypted: false,
    keyFingerprint: null,
    warnings: [],
    warningCount: 0,
  };
}

async function filledHome(backups: number): Promise<string> {
  const home = tempFolder('genesis-home-');
  mkdirSync(join(home, 'state'), { mode: 0o700 });
  const store = await openForTest(join(home, 'state', 'genesis.db'));
  for (let n = 0; n < backups; n += 1) await store.backups.put(recordOf(n, backups));
  await store.close();
  return home;
}

/** Written down in the page itself: what a test sees from outside comes later. */
const watch = `
  window.seen = {};
  const rows = () => document.querySelectorAll('main table tbody tr').length;
  new MutationObserver(() => {
    if (seen.rows !== undefined || rows() === 0) return;
    seen.rows = performance.now();
    requestAnimationFrame(() => requestAnimationFrame(() => (seen.drawn = performance.now())));
  }).observe(document, { childList: true, subtree: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (/read\\/backups\\?/.test(entry.name)) seen.reply ??= entry.responseEnd;
  }).observe({ type: 'resource', buffered: true });
`;

const scroll = `new Promise((resolve) => {
  const box = [...document.querySelectorAll('*')].filter((e) => e.scrollHeight > e.clientHeight + 200 && e.clientHeight > 300)
    .find((e) => { const was = e.scrollTop; e.scrollTop = was + 1; const moves = e.scrollTop !== was; e.scrollTop = was; return moves; });
  const frames = [];
  const tasks = [];
  const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((entry) => entry.duration)));
  observer.observe({ type: 'longtask' });
  let last = performance.now();
  const began = last;
  const next = (now) => {
    frames.push(now - last);
    last = now;
    box.scrollTop += 60;
    if (now - began < 2000 && box.scrollTop + box.clientHeight < box.scrollHeight - 1) requestAnimationFrame(next);
    else setTimeout(() => resolve({ frames: frames.slice(1), tasks }), 200);
  };
  requestAnimationFrame(next);
})`;

interface Scrolled {
  /** Milliseconds from frame to frame. */
  readonly frames: readonly number[];
  /** Lengths of the main thread's tasks of more than 50 ms. */
  readonly tasks: readonly number[];
}

interface Round {
  readonly rowsMs: number;
  readonly drawnMs: number;
  readonly page: Scrolled;
  /** A page of as many lines of plain text, in the same browser: what the machine itself can do. */
  readonly plain: Scrolled;
}

const plainPage = `<!doctype html><body>${'<p style="height: 52px">a line of plain text</p>'.repeat(100)}</body>`;

async function scrollPlain(page: Page): Promise<Scrolled> {
  const other = await page.context().newPage();
  await other.setContent(plainPage);
  await other.waitForTimeout(300);
  const scrolled = await other.evaluate<Scrolled>(scroll);
  await other.close();
  return scrolled;
}

interface Seen {
  readonly reply?: number;
  readonly rows?: number;
  readonly drawn?: number;
}

async function round(page: Page, url: string): Promise<Round> {
  await page.goto(`${url}/a/genesis-dr-app/overview`);
  await page.locator('h1').waitFor();
  await page.evaluate(`${watch}; 0`);
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Backups', exact: true }).click();
  const seen = await waitUntil('the rows are drawn', async () => {
    const so = await page.evaluate<Seen>('seen');
    return so.drawn !== undefined && so.reply !== undefined ? so : undefined;
  });
  await page.getByRole('radio', { name: '100' }).click();
  await waitUntil('a hundred rows', () =>
    page.evaluate<boolean>("document.querySelectorAll('main table tbody tr').length === 100"),
  );
  await page.waitForTimeout(500);
  const scrolled = await page.evaluate<Scrolled>(scroll);
  const from = seen.reply ?? Number.NaN;
  return {
    rowsMs: (seen.rows ?? Number.NaN) - from,
    drawnMs: (seen.drawn ?? Number.NaN) - from,
    page: scrolled,
    plain: await scrollPlain(page),
  };
}

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function report(rounds: readonly Round[], backups: number): string {
  const row = (name: string, values: readonly number[]): string =>
    `| ${name} | ${middle(values).toFixed(0)} | ${Math.min(...values).toFixed(0)} | ${Math.max(...values).toFixed(0)} |`;
  return [
    `# The Backups page over ${backups.toLocaleString('en')} backups`,
    '',
    `Command: \`node bench/plugin.bench.ts --rounds ${rounds.length}\`; Node ${process.version}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}, ${new Date().toISOString().slice(0, 10)}.`,
    'Chromium headless on the same machine, without a graphics card; milliseconds.',
    '',
    '| | median | least | most |',
    '|---|---|---|---|',
    row(
      `from the reply to its rows in the page (bound ${bounds.rowsMs})`,
      rounds.map(({ rowsMs }) => rowsMs),
    ),
    row(
      'from the reply to the second frame with them',
      rounds.map(({ drawnMs }) => drawnMs),
    ),
    row(
      `longest task while its 100 rows scroll, 0: none above 50 (bound ${bounds.taskMs})`,
      rounds.map(({ page }) => Math.max(0, ...page.tasks)),
    ),
    row(
      'frame while they scroll, middle of a round',
      rounds.map(({ page }) => middle(page.frames)),
    ),
    row(
      'the longest such frame',
      rounds.map(({ page }) => Math.max(...page.frames)),
    ),
    row(
      'frame of 100 lines of plain text, middle of a round',
      rounds.map(({ plain }) => middle(plain.frames)),
    ),
    row(
      'the longest of those',
      rounds.map(({ plain }) => Math.max(...plain.frames)),
    ),
    '',
  ].join('\n');
}

const { values } = parseArgs({
  options: {
    backups: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '7' },
    write: { type: 'string' },
  },
});
const backups = Number(values.backups);
const data = tempFolder('genesis-data-');
const genesis = await startGenesis({ home: await filledHome(backups), config: shopConfig(data) });
const browser = await startBrowser();
const opened = await startConsole({ genesis, browser });
await round(opened.page, genesis.url); // warms both up
const rounds: Round[] = [];
for (let n = 0; n < Number(values.rounds); n += 1) rounds.push(await round(opened.page, genesis.url));
const { total } = (await genesis.api<{ total: number }>('GET', '/backups?limit=1')).body;
if (total !== backups) throw new Error(`the catalogue has ${total} backups, not ${backups}`);
await opened.close();
await browser.close();
await cleanUp();
const text = report(rounds, backups);
process.stdout.write(text);
if (values.write !== undefined) writeFileSync(join(checkout, values.write), text);
const met =
  middle(rounds.map(({ rowsMs }) => rowsMs)) <= bounds.rowsMs &&
  middle(rounds.map(({ page }) => Math.max(0, ...page.tasks))) <= bounds.taskMs;
process.exit(met ? 0 : 1);
