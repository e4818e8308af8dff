// Pictures of the app's pages in both themes and both widths, from a real exporter:
// `node plugin/e2e/take-pictures.ts [--database|--failover|--scaling] [--out DIR] [--role viewer] [--home DIR] [--keep] [overview backups 'backups?backup=ID' …]`
// --database shows every service with an example of a database behind it (support/example-database.ts) on the pages about databases.
// --failover shows services with a failover (support/example-failover.ts) on the page about that, --scaling services that are scaled
// (support/example-scaling.ts).
// --home takes a server that runs already (its GENESIS_HOME); --keep leaves the one that was started running until Ctrl-C.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { startBrowser } from '../../exporter/e2e/support/browser.ts';
import { startGenesis } from '../../exporter/e2e/support/genesis.ts';
import { checkout, cleanUp, waitUntil } from '../../exporter/e2e/support/processes.ts';
import { ensureBuilt } from './support/built.ts';
import { failoverTestIds } from '../src/pages/Failover/testIds.ts';
import { scalingTestIds } from '../src/pages/Scaling/testIds.ts';
import { showDatabase } from './support/example-database.ts';
import { showFailover } from './support/example-failover.ts';
import { showScaling } from './support/example-scaling.ts';
import { flowOf } from './support/flow.ts';
import { settled, takePictures } from './support/pictures.ts';

/** By the name of the file; {backup} and {operation} stand for the newest full backup and the newest drill. */
const standard: Readonly<Record<string, string>> = {
  overview: 'overview',
  service: 'services/demo-files',
  backups: 'backups',
  backup: 'backups?backup={backup}',
  files: 'backups?backup={backup}&tab=files',
  timeline: 'backups?view=timeline&service=demo-files',
  operations: 'operations',
  operation: 'operations?operation={operation}',
  drills: 'drills',
  sla: 'sla',
  audit: 'audit',
  configuration: 'configuration',
};

/** The pages about databases. */
const databases: Readonly<Record<string, string>> = {
  'database-overview': 'overview',
  'database-service': 'services/demo-files',
  'database-sources': 'backups?view=sources',
  'database-timeline': 'backups?view=timeline&service=demo-files',
  'database-drill': 'drills?drill={operation}',
  replication: 'replication',
  quality: 'data-quality',
  'quality-table': 'data-quality?of=demo-files&table=public.orders',
  alerts: 'alerts',
};

/** The page about failover, in its states. */
const failovers: Readonly<Record<string, string>> = {
  failover: 'failover?service=demo-files',
  'failover-trouble': 'failover?service=accounts',
  'failover-running': 'failover?service=ledger',
  'failover-serving': 'failover?service=sessions',
  'failover-node': 'failover?service=accounts&node=vienna',
  'failover-plan': 'failover?service=demo-files&plan',
  'failover-forced': 'failover?service=accounts&plan',
};

/** The page about scaling, in its states; what follows `&do=` is done before the picture is taken. */
const scalings: Readonly<Record<string, string>> = {
  'scaling-list': 'scaling',
  scaling: 'scaling?service=demo-files',
  'scaling-week': 'scaling?service=demo-files&range=168',
  'scaling-limited': 'scaling?service=checkout',
  'scaling-frozen': 'scaling?service=queue',
  'scaling-observe': 'scaling?service=reports',
  'scaling-manual': 'scaling?service=search',
  'scaling-owned': 'scaling?service=ranking',
  'scaling-resting': 'scaling?service=mail',
  'scaling-unseen': 'scaling?service=legacy',
  'scaling-plan': 'scaling?service=demo-files&do=fewer',
  'scaling-history': 'scaling?service=demo-files&tab=history',
  'scaling-policy': 'scaling?service=demo-files&tab=policy&do=check',
  'scaling-fault': 'scaling?service=demo-files&tab=policy&do=fault',
  'scaling-backtest': 'scaling?service=demo-files&tab=policy&do=backtest',
};

async function doScaling(page: Page): Promise<void> {
  await settled(page);
  const what = new URL(page.url()).searchParams.get('do');
  if (what === 'fewer') {
    await page.getByTestId(scalingTestIds.down).click();
    await flowOf(page).planned();
  }
  const text = page.getByTestId(scalingTestIds.policyText);
  if (what === 'fault') await text.fill((await text.inputValue()).replace('max: 10', 'max: 1'));
  if (what === 'backtest') await text.fill((await text.inputValue()).replace('target: 100', 'target: 70'));
  if (what === 'check' || what === 'fault') {
    await page.getByTestId(scalingTestIds.policyCheck).click();
    await page.getByTestId(scalingTestIds.policyResult).waitFor();
  }
  if (what === 'backtest') {
    await page.getByRole('tab', { name: 'Backtest' }).click();
    await page.getByTestId(scalingTestIds.backtestRun).click();
    await page.getByTestId(scalingTestIds.backtestResult).waitFor();
  }
  if (what !== null) await page.waitForTimeout(600);
}

const examples = {
  none: { pages: standard },
  database: { pages: databases, prepare: showDatabase },
  failover: {
    pages: failovers,
    prepare: async (page: Page) => void (await showFailover(page)),
    ready: async (page: Page) => {
      await settled(page);
      if (!page.url().endsWith('plan')) return;
      await page.getByTestId(failoverTestIds.start).click();
      await flowOf(page).planned();
      await page.waitForTimeout(600);
    },
  },
  scaling: {
    pages: scalings,
    prepare: async (page: Page) => void (await showScaling(page)),
    ready: doScaling,
  },
} as const;

interface Server {
  readonly url: string;
  readonly home: string;
}

/** On its defaults: demo files, a first backup with its copy, a first drill. */
async function startDemo(): Promise<Server> {
  const genesis = await startGenesis();
  await waitUntil(
    'the first drill has passed',
    async () => (await genesis.api<{ items: unknown[] }>('GET', '/drills')).body.items.length > 0,
    { deadlineMs: 90_000, processes: [genesis.process] },
  );
  return genesis;
}

async function filledIn(
  wanted: Readonly<Record<string, string>>,
  url: string,
  token: string,
): Promise<Readonly<Record<string, string>>> {
  const newest = async (route: string, key: string): Promise<string> => {
    const reply = await fetch(`${url}/api/v1/${route}`, { headers: { authorization: `Bearer ${token}` } });
    const { items } = (await reply.json()) as { items: Record<string, string>[] };
    return items[0]?.[key] ?? '';
  };
  const [backup, operation] = [
    await newest('backups?type=full&limit=1', 'id'),
    await newest('drills?limit=1', 'operationId'),
  ];
  return Object.fromEntries(
    Object.entries(wanted).map(([name, page]) => [
      name,
      page.replace('{backup}', backup).replace('{operation}', operation),
    ]),
  );
}

/** One that fires and one that is quiet. */
async function defineAlerts(url: string, token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  for (const body of [
    {
      metric: 'genesis_backup_age_seconds',
      condition: '>',
      threshold: 1,
      severity: 'critical',
      message: 'older than a second',
    },
    { metric: 'genesis_rpo_seconds', condition: '>', threshold: 3600, tags: { service: 'demo-files' } },
  ])
    await fetch(`${url}/api/v1/dashboard/alerts`, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: 'string', default: path.join(checkout, 'docs/screenshots') },
      role: { type: 'string', default: 'admin' },
      home: { type: 'string' },
      database: { type: 'boolean', default: false },
      failover: { type: 'boolean', default: false },
      scaling: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
    },
  });
  await ensureBuilt(12);
  const server: Server =
    values.home === undefined
      ? await startDemo()
      : { url: `http://${readFileSync(path.join(values.home, 'run/address'), 'utf8').trim()}`, home: values.home };
  const token = readFileSync(path.join(server.home, 'tokens', values.role), 'utf8').trim();
  const { pages: ofExample, ...example } =
    examples[values.database ? 'database' : values.failover ? 'failover' : values.scaling ? 'scaling' : 'none'];
  const pages =
    positionals.length === 0
      ? await filledIn(ofExample, server.url, token)
      : Object.fromEntries(positionals.map((page) => [page.replaceAll(/[^a-z0-9]+/gi, '-'), page]));
  if (values.database) await defineAlerts(server.url, token);
  const browser = await startBrowser();
  const taken = await takePictures({
    browser,
    url: server.url,
    token,
    pages,
    folder: values.out,
    ...example,
  });
  await browser.close();
  for (const { file, overflow, complaints } of taken) {
    const wide = overflow > 0 ? `, ${overflow} px too wide` : '';
    process.stdout.write(`${file}${wide}\n${complaints.map((text) => `    ${text}\n`).join('')}`);
  }
  process.stdout.write(`${server.url}  (GENESIS_HOME ${server.home}; tokens in ${server.home}/tokens)\n`);
  if (values.keep) await new Promise((resolve) => process.once('SIGINT', resolve));
  await cleanUp();
}

await main();
