import { parseDuration } from '../../config/units.ts';
import { humanDuration } from '../format.ts';
import { ofPrometheus } from './checks-scrape.ts';
import type { Facts } from './facts.ts';
import { failed, fine, judged, notKnown, warn, type Check, type Verdict } from './finding.ts';

/** keep_firing_for came with it. */
const oldestVersion = [2, 42] as const;
/** 30 days of compliance, and some days to look back from. */
export const neededRetentionSeconds = 35 * 86_400;
/** HTTP tells the time in whole seconds, so less cannot be seen of the exporter. */
const skewWarnSeconds = 5;
/** Ages are compared with Prometheus' clock: a minute is a false alert of the shortest rules. */
const skewFailSeconds = 60;
const ntp = 'let NTP keep the clocks: `timedatectl` shows whether it does';

const reachable = ofPrometheus('prometheus_reachable', 'Prometheus answers', ({ url, version, runtime }) => {
  if (!version.known) return failed(`${url}: ${version.why}`, 'start Prometheus, or mend prometheus.url');
  if (runtime.known && !runtime.value.reloadConfigSuccess)
    return failed(
      `${url} could not read its configuration anew; the old one is in force`,
      'see its log, mend the file and reload',
    );
  return isOlder(version.value, oldestVersion)
    ? warn(`${url} is ${version.value}`, `use ${oldestVersion.join('.')} or later: older ones refuse keep_firing_for`)
    : fine(`${url}, version ${version.value}`);
});

const retention = ofPrometheus('retention', 'Prometheus keeps 35 days or more', (prometheus) =>
  judged(prometheus.runtime, 'see `storage.tsdb.retention.time` of its flags', ({ storageRetention: text }) => {
    const mend = 'start Prometheus with --storage.tsdb.retention.time=40d';
    const seconds = retentionSeconds(text);
    if (seconds === 'by_size') return warn(`only a size bounds it (${text}): 35 days are not promised`, mend);
    if (seconds === null) return notKnown(`"${text}" is not understood`, mend);
    return seconds < neededRetentionSeconds
      ? failed(`it keeps ${text}: compliance over 30 days needs 35 days`, mend)
      : fine(text);
  }),
);

/** `15d`, `1y`, `40d or 10GiB`, `10GiB` as Prometheus says it; null when it is none of these. */
export function retentionSeconds(text: string): number | 'by_size' | null {
  const parts = text.split(' or ');
  for (const part of parts) {
    const seconds = parseDuration(part.trim().replace(/(\d+)y/, (_, years: string) => `${Number(years) * 365}d`));
    if (seconds !== null) return seconds;
  }
  return parts.some((part) => /^\s*\d+(\.\d+)?\s?[KMGTPE]?i?B\s*$/.test(part)) ? 'by_size' : null;
}

const clocks: Check = {
  id: 'clock_skew',
  title: 'the clocks agree',
  judge: (facts) => {
    const skews = skewsOf(facts);
    if (skews.length === 0) return notKnown('nobody told the time', ntp);
    const said = skews.map(
      ({ who, seconds }) => `${who} ${seconds >= 0 ? '+' : '-'}${humanDuration(Math.abs(Number(seconds.toFixed(1))))}`,
    );
    const worst = Math.max(...skews.map(({ seconds }) => Math.abs(seconds)));
    if (worst > skewFailSeconds) return failed(`against this machine: ${said.join(', ')}`, ntp);
    if (worst > skewWarnSeconds) return warn(`against this machine: ${said.join(', ')}`, ntp);
    return allClocks(facts, fine(`against this machine: ${said.join(', ')}`));
  },
};

/** A clock that could not be read is not in step. */
function allClocks({ exporter, prometheus }: Facts, verdict: Verdict): Verdict {
  const silent = [
    ...(exporter === null || !exporter.health.known || exporter.health.value.clockAheadSeconds === null
      ? ['the exporter']
      : []),
    ...(prometheus === null || !prometheus.clock.known ? ['Prometheus'] : []),
  ];
  return silent.length === 0 ? verdict : notKnown(`${silent.join(' and ')} did not tell the time`, ntp);
}

/** Beyond what the way of asking leaves open. */
function skewsOf({ exporter, prometheus }: Facts): { readonly who: string; readonly seconds: number }[] {
  const skews: { who: string; seconds: number }[] = [];
  const ahead = exporter?.health.known === true ? exporter.health.value.clockAheadSeconds : null;
  if (ahead !== null) skews.push({ who: 'exporter', seconds: beyond(ahead, 1) });
  if (prometheus?.clock.known === true) {
    const { aheadSeconds, marginSeconds } = prometheus.clock.value;
    skews.push({ who: 'Prometheus', seconds: beyond(aheadSeconds, marginSeconds) });
  }
  return skews;
}

function beyond(seconds: number, margin: number): number {
  return Math.sign(seconds) * Math.max(0, Math.abs(seconds) - margin);
}

/** `2.42.0+ds` against [2, 42]; what cannot be read is not older. */
export function isOlder(version: string, oldest: readonly [number, number]): boolean {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined || minor === undefined) return false;
  return Number(major) < oldest[0] || (Number(major) === oldest[0] && Number(minor) < oldest[1]);
}

export const prometheusChecks: readonly Check[] = [reachable, retention, clocks];
