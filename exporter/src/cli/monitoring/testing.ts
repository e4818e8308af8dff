/** Test support: an installation that answers as a real one did (Prometheus 2.42, Alertmanager 0.25), and can be broken. */
import { readFileSync } from 'node:fs';
import type { Clock } from '../../ports/index.ts';
import { expectedGroups } from './expected-rules.ts';
import type { Expected } from './facts.ts';
import { catalogueFamilies, gather, type Addresses } from './gather.ts';
import { createHttpReader } from './http-read.ts';
import { diagnose, type Diagnosis } from './judge.ts';

const read = (name: string): string => readFileSync(new URL(`testdata/${name}`, import.meta.url), 'utf8');

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- recorded JSON, changed by tests wherever they like
export type Recorded = Record<string, any>;

/** The answers by what was asked; a test changes its own copy. */
export function recorded(): Recorded {
  return JSON.parse(read('prometheus-2.42.json')) as Recorded;
}

/** When the answers were recorded. */
export const recordedAt = new Date('2026-11-22T06:58:57.336Z');

export const addresses: Addresses = {
  exporter: 'http://exporter.test',
  prometheus: 'http://prometheus.test',
  alertmanager: 'http://alertmanager.test',
  grafana: null,
};

export const expected: Expected = {
  cluster: 'e2e',
  job: 'genesis_dr',
  scrapeIntervalSeconds: 1,
  families: catalogueFamilies,
  groups: expectedGroups([{ path: 'rules/generated/rules.yml', content: read('rules.yml') }]),
  dashboards: ['dr-overview', 'exporter'],
  maxSeries: 1000,
};

const page = (started: number): string =>
  `${catalogueFamilies.map((name) => `# HELP ${name} What it means.\n`).join('')}genesis_start_timestamp_seconds{cluster="e2e"} ${started}\n`;

export interface Installation {
  readonly answers: Recorded;
  page: string;
  /** Answers by whole address, in place of the recorded ones. */
  readonly instead: Map<string, () => Promise<Response>>;
  readonly asked: string[];
}

export function installation(): Installation {
  const answers = recorded();
  const started = Number(answers['started'].data.result[0].value[1]);
  return { answers, page: page(started), instead: new Map(), asked: [] };
}

function answer(body: unknown, date: Date): Response {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return new Response(text, { headers: { date: date.toUTCString() } });
}

const prometheusPaths: readonly (readonly [RegExp, string])[] = [
  [/^\/api\/v1\/targets\?state=active$/, 'targets'],
  [/^\/api\/v1\/rules$/, 'rules'],
  [/^\/api\/v1\/status\/runtimeinfo$/, 'runtimeinfo'],
  [/^\/api\/v1\/status\/buildinfo$/, 'buildinfo'],
  [/^\/api\/v1\/status\/tsdb$/, 'tsdb'],
  [/^\/api\/v1\/alertmanagers$/, 'alertmanagers'],
  [/query=time\(\)$/, 'time'],
  [/query=scrape_samples/, 'scraped-samples'],
  [/query=count\(/, 'renamed'],
  [/query=genesis_start/, 'started'],
];

/** HTTP of the installation. The address that refuses is one that nobody knows. */
export function fetchFrom(it: Installation, date = recordedAt): (url: string) => Promise<Response> {
  return (url) => {
    it.asked.push(url);
    const special = it.instead.get(url) ?? it.instead.get(new URL(url).origin);
    if (special !== undefined) return special();
    const { host, pathname, search, searchParams } = new URL(url);
    if (host === 'exporter.test') return Promise.resolve(answer(pathname === '/metrics' ? it.page : 'ok\n', date));
    if (host === 'alertmanager.test')
      return Promise.resolve(
        answer(it.answers[pathname === '/api/v2/status' ? 'alertmanager-status' : 'watchdogs'], date),
      );
    if (host === 'prometheus.test' && pathname === '/api/v1/format_query' && it.answers['formats'] !== undefined)
      return Promise.resolve(
        answer({ status: 'success', data: it.answers['formats'][searchParams.get('query') ?? ''] }, date),
      );
    const name = prometheusPaths.find(([path]) => path.test(decodeURIComponent(`${pathname}${search}`)))?.[1];
    return host === 'prometheus.test' && name !== undefined
      ? Promise.resolve(answer(it.answers[name], date))
      : Promise.resolve(new Response('404 page not found', { status: 404 }));
  };
}

export function refused(): Promise<Response> {
  return Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:9') }));
}

export const clockAt = (now: Date): Clock => ({ now: () => now, sleep: () => Promise.resolve() });

export interface Examination {
  readonly now?: Date;
  readonly where?: Partial<Addresses>;
  readonly expected?: Partial<Expected>;
  /** Time that the servers tell in their headers. */
  readonly date?: Date;
}

export async function examine(it: Installation, change: Examination = {}): Promise<Diagnosis> {
  const clock = clockAt(change.now ?? recordedAt);
  const http = createHttpReader(fetchFrom(it, change.date ?? recordedAt), clock);
  const where = { ...addresses, ...change.where };
  const tokens = { exporter: null, grafana: 'secret' };
  return diagnose(await gather({ http, clock, timeoutMs: 1_000 }, where, tokens, { ...expected, ...change.expected }));
}

/** `result: said` of one check. */
export function found(diagnosis: Diagnosis, id: string): string {
  const finding = diagnosis.findings.find((one) => one.id === id);
  return finding === undefined ? 'not looked at' : `${finding.result}: ${finding.said}`;
}
