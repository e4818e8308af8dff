import { formatDuration, parseDuration } from '../../config/units.ts';
import { humanDuration } from '../format.ts';
import type { Expected, Facts, PrometheusFacts } from './facts.ts';
import { failed, fine, judged, listed, notKnown, warn, type Check, type Verdict } from './finding.ts';
import type { Target } from './prometheus-read.ts';

const generate = 'generate prometheus.yml again and reload Prometheus (SIGHUP, or POST /-/reload)';
const name = 'set prometheus.url in genesis.yaml, or give --prometheus URL';
/** Rules look at five minutes of samples, some at one: with a longer interval they see gaps. */
const longestIntervalSeconds = 60;
/** Scrapes may be late by this many intervals before the last one counts as old. */
const lateIntervals = 3;

/** A check that asks Prometheus; without an address nothing is known. */
export function ofPrometheus(
  id: string,
  title: string,
  judge: (prometheus: PrometheusFacts, facts: Facts) => Verdict,
): Check {
  return {
    id,
    title,
    judge: (facts) =>
      facts.prometheus === null ? notKnown('no Prometheus is named', name) : judge(facts.prometheus, facts),
  };
}

function targetsOf(targets: readonly Target[], { job }: Expected): readonly Target[] {
  return targets.filter((target) => target.labels['job'] === job);
}

const scraped = ofPrometheus('scraped', 'Prometheus scrapes the exporter', (prometheus, { expected }) =>
  judged(prometheus.targets, 'see the log of Prometheus', (all) => {
    const targets = targetsOf(all, expected);
    if (targets.length === 0) return failed(`Prometheus has no target of the job ${expected.job}`, generate);
    const down = targets.filter((target) => target.health === 'down');
    if (down.length > 0) {
      return failed(
        `down: ${listed(down.map((target) => `${target.scrapeUrl} (${target.lastError})`))}`,
        'start the exporter there, or mend its address, token or certificate in prometheus.yml',
      );
    }
    if (targets.some((target) => target.health === 'unknown'))
      return notKnown('not scraped yet', 'wait one scrape interval and ask again');
    return fine(listed(targets.map((target) => target.scrapeUrl)));
  }),
);

const fresh = ofPrometheus('scrape_age', 'the last scrape is fresh', (prometheus, { now, expected }) =>
  judged(prometheus.targets, 'see the log of Prometheus', (all) => {
    const targets = targetsOf(all, expected);
    if (targets.length === 0) return notKnown('there is no target', generate);
    // lastScrape is told in the time of Prometheus' machine.
    const ahead = prometheus.clock.known ? prometheus.clock.value.aheadSeconds : 0;
    const ages = targets.map((target) => (+now - Date.parse(target.lastScrape)) / 1000 + ahead);
    const oldest = Math.max(...ages);
    const limit = lateIntervals * Math.max(...targets.map((target) => parseDuration(target.scrapeInterval) ?? 0), 1);
    return oldest > limit
      ? failed(
          `the last scrape was ${humanDuration(Math.round(oldest))} ago, more than ${lateIntervals} intervals`,
          'see whether Prometheus is overloaded: its log, prometheus_target_scrape_* and its CPU',
        )
      : fine(`${humanDuration(Math.max(0, Math.round(oldest)))} ago`);
  }),
);

const same = ofPrometheus('same_exporter', 'Prometheus scrapes this exporter', (prometheus, { exporter, expected }) => {
  if (exporter === null) return notKnown('there is no exporter to compare with', 'start it with `genesis serve`');
  return judged(exporter.startedAt, 'see the log of the exporter', (startedAt) =>
    judged(prometheus.startedAt, 'see the log of Prometheus', (samples) => {
      if (samples.length === 0)
        return notKnown('Prometheus has no figures of the exporter yet', 'wait one scrape and ask again');
      // Prometheus may still hold the figure of the run before a restart, for at most one interval.
      return samples.some((sample) => Math.abs(sample.value - startedAt) < 1)
        ? fine(`started ${new Date(startedAt * 1000).toISOString()}`)
        : failed(
            `the exporters that it scrapes as ${expected.job} started at another time than ${exporter.url}`,
            'point the target in prometheus.yml at this exporter; after a restart wait one scrape and ask again',
          );
    }),
  );
});

const interval = ofPrometheus(
  'scrape_interval',
  'the scrape interval is the configured one',
  (prometheus, { expected }) =>
    judged(prometheus.targets, 'see the log of Prometheus', (all) => {
      const targets = targetsOf(all, expected);
      if (targets.length === 0) return notKnown('there is no target', generate);
      const wanted = expected.scrapeIntervalSeconds;
      const intervals = [...new Set(targets.map((target) => target.scrapeInterval))];
      const longest = Math.max(...intervals.map((text) => parseDuration(text) ?? Infinity));
      if (longest > longestIntervalSeconds && longest !== wanted)
        return failed(`it is ${intervals.join(', ')}: rules look at shorter times than that`, generate);
      return intervals.every((text) => parseDuration(text) === wanted)
        ? fine(formatDuration(wanted))
        : warn(`it is ${intervals.join(', ')}, and ${formatDuration(wanted)} is configured`, generate);
    }),
);

const labels = ofPrometheus('label_collision', 'no label was renamed', (prometheus) =>
  judged(prometheus.renamedSeries, 'see the log of Prometheus', ([renamed]) =>
    renamed === undefined || renamed.value === 0
      ? fine('`service` is the exporter’s own')
      : failed(
          `${renamed.value} series have exported_service instead of service: no rule matches them`,
          'set `honor_labels: true` in the scrape job (`honorLabels: true` in a ServiceMonitor)',
        ),
  ),
);

const cardinality = ofPrometheus('cardinality', 'the number of series is bounded', (prometheus, { expected }) =>
  judged(prometheus.scrapedSamples, 'see the log of Prometheus', (samples) => {
    if (samples.length === 0) return notKnown('nothing was scraped yet', 'wait one scrape interval and ask again');
    const total = samples.reduce((sum, sample) => sum + sample.value, 0);
    const { headSeries } = prometheus;
    const said = `${total} series of the job${headSeries.known ? `, ${headSeries.value} in Prometheus` : ''}`;
    return total > expected.maxSeries
      ? warn(
          `${said}; the limit is ${expected.maxSeries}`,
          'split the services over several exporters, or raise --max-series',
        )
      : fine(said);
  }),
);

export const scrapeChecks: readonly Check[] = [scraped, fresh, same, interval, labels, cardinality];
