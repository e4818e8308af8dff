import type { CheckResult, Readiness } from '../../src/contract/readiness.ts';
import { parsePage, valuesOf, type ParsedPage } from '../../src/metrics/testing.ts';
import type { Genesis } from './genesis.ts';

/** The real page, read with a strict parser. */
export async function metricsOf(genesis: Genesis): Promise<ParsedPage> {
  const page = await genesis.get('/metrics');
  if (page.status !== 200) throw new Error(`/metrics: ${page.status} ${page.text}`);
  return parsePage(page.text);
}

/** Values of the series of one family that have these labels; empty when there is none. */
export async function metric(
  genesis: Genesis,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number[]> {
  return valuesOf(await metricsOf(genesis), name, labels);
}

export async function readinessOf(genesis: Genesis, service = 'shop'): Promise<Readiness> {
  const reply = await genesis.api<{ items: Readiness[] }>('GET', `/readiness?service=${service}`);
  const [found] = reply.body.items;
  if (reply.status !== 200 || found === undefined)
    throw new Error(`readiness of ${service}: ${reply.status} ${reply.text}`);
  return found;
}

export async function readinessCheck(genesis: Genesis, id: string, service = 'shop'): Promise<CheckResult> {
  const { checks } = await readinessOf(genesis, service);
  const found = checks.find((check) => check.id === id);
  if (found === undefined)
    throw new Error(`readiness of ${service} has no check ${id}, only ${checks.map((c) => c.id).join(', ')}`);
  return found;
}
