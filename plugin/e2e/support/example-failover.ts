import type { Page, Route } from 'playwright-core';
import type { Failover } from '../../src/api/failover.ts';
import type { PlanReply, Reply, Service } from '../../src/api/types.ts';
import { calm, serving, trouble } from './example-failover-facts.ts';
import { ago } from './example-failover-parts.ts';
import { ended, planOf, running, waiting } from './example-failover-replies.ts';

/**
 * Services with a failover put into the replies of a real exporter, so that the page can be looked at in every state: one that is well
 * (the exporter's own service), `accounts` in trouble, `ledger` in the middle of a failover, `sessions` where all nodes serve.
 */

const others: Readonly<Record<string, Failover>> = {
  accounts: trouble,
  ledger: { ...calm, scheduled: null, primary: 'vienna' },
  sessions: serving,
};

/** What a test sees of the requests that change something. */
export interface Asked {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const prefix = '**/api/plugin-proxy/genesis-dr-app';

/** From now on the page sees services with a failover. `asked` fills with what it asks to be done, dry runs too. */
export async function showFailover(page: Page): Promise<{ readonly asked: Asked[] }> {
  const asked: Asked[] = [];
  await page.route(`${prefix}/read/services`, answerServices);
  await page.route(`${prefix}/read/services/*/failover`, (route) => {
    const service = segment(route, -2);
    return route.fulfill({ json: { service, failover: others[service] ?? calm } });
  });
  await page.route(`${prefix}/read/operations*`, answerOperations);
  await page.route(`${prefix}/read/operations/failover_*`, (route) => {
    const found = [running, waiting, ended].find(({ id }) => id === segment(route, -1));
    return found === undefined ? route.fallback() : route.fulfill({ json: found });
  });
  const perform = async (route: Route): Promise<void> => {
    const path = new URL(route.request().url()).pathname.replace(/^.*genesis-dr-app\//, '');
    const body = (route.request().postDataJSON() ?? {}) as Record<string, unknown>;
    asked.push({ path, body });
    await route.fulfill(replyTo(path, body));
  };
  for (const path of ['failover', 'failover/*', 'switchover', 'switchover/*', 'nodes/*/*'])
    await page.route(`${prefix}/{operate,admin}/services/*/${path}`, perform);
  await page.route(`${prefix}/admin/operations/*/approve`, perform);
  return { asked };
}

function segment(route: Route, index: number): string {
  return decodeURIComponent(new URL(route.request().url()).pathname.split('/').at(index) ?? '');
}

async function answerServices(route: Route): Promise<void> {
  const reply = await route.fetch();
  const body = (await reply.json()) as Reply<'listServices'>;
  const [own] = body.items;
  if (own === undefined) return route.fulfill({ response: reply });
  const named = (service: Service, failover: Failover): Service => ({ ...service, failover });
  const items = [
    ...body.items.map((service) => named(service, calm)),
    ...Object.entries(others).map(([name, facts]) => named({ ...own, name }, facts)),
  ];
  await route.fulfill({ response: reply, json: { ...body, items } });
}

async function answerOperations(route: Route): Promise<void> {
  const query = new URL(route.request().url()).searchParams;
  const found = [running, waiting].filter(({ service }) => service === query.get('service'));
  if (query.get('active') !== 'true' || found.length === 0) return route.fallback();
  await route.fulfill({ json: { items: found, next: null } });
}

function replyTo(path: string, body: Readonly<Record<string, unknown>>): { status?: number; json: unknown } {
  const [, , service = '', ...rest] = path.split('/').map(decodeURIComponent);
  if (path.endsWith('/approve')) return { json: { ...waiting, state: 'cancelled', endedAt: ago(0) } };
  if (rest[0] === 'failover' && rest[1] !== undefined) return { json: { service } };
  if (rest[1] === 'cancel') return { json: { service } };
  const kind = rest[0] === 'nodes' ? rest[2] : rest[0];
  if (body['dryRun'] === true) return { json: planOf(kind as PlanReply['kind'], service, body) };
  return { status: 202, json: { ...ended, state: 'running', endedAt: null, result: null, steps: running.steps } };
}
