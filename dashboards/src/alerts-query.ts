import { escapeLabelValue } from '@genesis-dr/exporter/contract';

/** Firing alerts of Genesis in the chosen scope; alerts about no single service or region count too. */
export function firing(matchers: Readonly<Record<string, string>> = {}): string {
  const own = Object.entries(matchers).map(([label, pattern]) => `${label}=~"${escapeLabelValue(pattern)}"`);
  const scope = ['cluster', 'region', 'service'].map((label) => `${label}=~"$${label}|"`);
  return `ALERTS{${['system="genesis-dr"', 'alertstate="firing"', ...own, ...scope].join(',')}}`;
}

/**
 * How many alerts fire. "None" is said only while the Watchdog fires: it proves that the rules are evaluated at all, without it
 * there is no result.
 */
export function firingCount(matchers: Readonly<Record<string, string>>): string {
  return `count(${firing(matchers)}) or on () (0 * max(ALERTS{alertname="GenesisDRWatchdog",alertstate="firing"}))`;
}
