import { metricCatalogue } from '../../contract/metrics/index.ts';
import type { Clock } from '../../ports/index.ts';
import { createAlertmanagerReader } from './alertmanager-read.ts';
import { known, mapAnswer, unknown, type Answer } from './answer.ts';
import { watchdog } from './checks-alerting.ts';
import { expressionsToAsk, type CanonicalForms } from './compare-rules.ts';
import type { AlertmanagerFacts, Expected, ExporterFacts, Facts, PrometheusFacts } from './facts.ts';
import { readDashboards } from './grafana-read.ts';
import { below, type HttpReader } from './http-read.ts';
import { createPrometheusReader, type PrometheusReader } from './prometheus-read.ts';

/** Where the parts of the installation answer; null: not named. */
export interface Addresses {
  readonly exporter: string | null;
  readonly prometheus: string | null;
  readonly alertmanager: string | null;
  readonly grafana: string | null;
}

export interface Tokens {
  readonly exporter: string | null;
  readonly grafana: string | null;
}

export interface Asking {
  readonly http: HttpReader;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** A page of a thousand services is about 9 MB. */
const longestPageBytes = 128 * 1024 * 1024;
/** More questions than there are rules in one version: a foreign answer must not keep doctor busy for hours. */
const mostFormats = 500;
const formatsAtOnce = 8;

export const catalogueFamilies: readonly string[] = Object.keys(metricCatalogue);

/** Asks everybody; a part that does not answer is unknown in the facts, never an error. */
export async function gather(asking: Asking, where: Addresses, tokens: Tokens, expected: Expected): Promise<Facts> {
  const [exporter, prometheus, alertmanager, dashboards] = await Promise.all([
    where.exporter === null ? null : askExporter(asking, where.exporter, tokens.exporter),
    where.prometheus === null ? null : askPrometheus(asking, where.prometheus, expected),
    where.alertmanager === null ? null : askAlertmanager(asking, where.alertmanager),
    where.grafana === null ? null : readDashboards(asking.http, where.grafana, tokens.grafana, asking.timeoutMs),
  ]);
  const grafana = where.grafana === null || dashboards === null ? null : { url: where.grafana, dashboards };
  return { now: asking.clock.now(), expected, exporter, prometheus, alertmanager, grafana };
}

async function askExporter(
  { http, clock, timeoutMs }: Asking,
  url: string,
  token: string | null,
): Promise<ExporterFacts> {
  const beganMs = +clock.now();
  const health = await http.get(below(url, '/healthz'), { timeoutMs });
  const tookSeconds = (+clock.now() - beganMs) / 1000;
  const page = await http.get(below(url, '/metrics'), { token, timeoutMs, maxBytes: longestPageBytes });
  return {
    url,
    health: mapAnswer(health, ({ clockAheadSeconds }) => ({ tookSeconds, clockAheadSeconds })),
    families: mapAnswer(page, ({ text }) => [...text.matchAll(/^# HELP (\S+)/gm)].map(([, name]) => name ?? '')),
    startedAt: page.known ? startOf(page.value.text) : page,
  };
}

function startOf(page: string): Answer<number> {
  const value = /^genesis_start_timestamp_seconds(?:\{[^}]*\})? (\S+)$/m.exec(page)?.[1];
  return value === undefined ? unknown('the page has no genesis_start_timestamp_seconds') : known(Number(value));
}

async function askPrometheus(
  { http, clock, timeoutMs }: Asking,
  url: string,
  expected: Expected,
): Promise<PrometheusFacts> {
  const prometheus = createPrometheusReader(http, url, timeoutMs);
  const job = `job=${JSON.stringify(expected.job)}`;
  const [version, targets, groups, alertmanagers, runtime, headSeries, clockFacts] = await Promise.all([
    prometheus.version(),
    prometheus.targets(),
    prometheus.groups(),
    prometheus.alertmanagers(),
    prometheus.runtime(),
    prometheus.headSeries(),
    compareClocks(prometheus, clock),
  ]);
  const [scrapedSamples, renamedSeries, startedAt] = await Promise.all([
    prometheus.query(`scrape_samples_post_metric_relabeling{${job}}`),
    prometheus.query(`count({${job}, exported_service!=""})`),
    prometheus.query(`genesis_start_timestamp_seconds{${job}}`),
  ]);
  const canonical = groups.known
    ? await formsOf(prometheus, expressionsToAsk(expected.groups, groups.value))
    : new Map<string, string>();
  const read = { version, targets, groups, alertmanagers, runtime, headSeries, clock: clockFacts };
  return { url, ...read, canonical, scrapedSamples, renamedSeries, startedAt };
}

async function compareClocks(prometheus: PrometheusReader, clock: Clock): Promise<PrometheusFacts['clock']> {
  const beganMs = +clock.now();
  const time = await prometheus.time();
  const endedMs = +clock.now();
  return mapAnswer(time, (seconds) => ({
    aheadSeconds: seconds - (beganMs + endedMs) / 2000,
    marginSeconds: (endedMs - beganMs) / 2000,
  }));
}

async function formsOf(prometheus: PrometheusReader, expressions: readonly string[]): Promise<CanonicalForms> {
  const forms = new Map<string, string>();
  const waiting = expressions.slice(0, mostFormats);
  while (waiting.length > 0) {
    const batch = waiting.splice(0, formatsAtOnce);
    const answers = await Promise.all(batch.map((expr) => prometheus.format(expr)));
    answers.forEach((answer, i) => {
      const expr = batch[i];
      if (answer.known && expr !== undefined) forms.set(expr, answer.value);
    });
  }
  return forms;
}

async function askAlertmanager({ http, timeoutMs }: Asking, url: string): Promise<AlertmanagerFacts> {
  const alertmanager = createAlertmanagerReader(http, url, timeoutMs);
  const [version, watchdogs] = await Promise.all([alertmanager.version(), alertmanager.alertsNamed(watchdog)]);
  return { url, version, watchdogs };
}
