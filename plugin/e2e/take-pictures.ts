// Pictures of the app's pages in both themes and both widths, from a real exporter:
// `node plugin/e2e/take-pictures.ts [--out DIR] [--role viewer] [--home DIR] [--keep] [overview backups 'backups?backup=ID' …]`
// --home takes a server that runs already (its GENESIS_HOME); --keep leaves the one that was started running until Ctrl-C.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startBrowser } from '../../exporter/e2e/support/browser.ts';
import { startGenesis } from '../../exporter/e2e/support/genesis.ts';
import { checkout, cleanUp, waitUntil } from '../../exporter/e2e/support/processes.ts';
import { ensureBuilt } from './support/built.ts';
import { takePictures } from './support/pictures.ts';

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

async function filledIn(url: string, token: string): Promise<Readonly<Record<string, string>>> {
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
    Object.entries(standard).map(([name, page]) => [
      name,
      page.replace('{backup}', backup).replace('{operation}', operation),
    ]),
  );
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: 'string', default: path.join(checkout, 'docs/screenshots') },
      role: { type: 'string', default: 'admin' },
      home: { type: 'string' },
      keep: { type: 'boolean', default: false },
    },
  });
  await ensureBuilt(12);
  const server: Server =
    values.home === undefined
      ? await startDemo()
      : { url: `http://${readFileSync(path.join(values.home, 'run/address'), 'utf8').trim()}`, home: values.home };
  const token = readFileSync(path.join(server.home, 'tokens', values.role), 'utf8').trim();
  const pages =
    positionals.length === 0
      ? await filledIn(server.url, token)
      : Object.fromEntries(positionals.map((page) => [page.replaceAll(/[^a-z0-9]+/gi, '-'), page]));
  const browser = await startBrowser();
  const taken = await takePictures({ browser, url: server.url, token, pages, folder: values.out });
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
