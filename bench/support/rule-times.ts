/** Prometheus' own metrics page, and what it tells about rule groups. Pure. */

export interface SelfSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface SelfMetrics {
  readonly samples: readonly SelfSample[];
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly headSeries: number;
}

export interface Group {
  readonly name: string;
  readonly intervalSeconds: number;
  readonly durationSeconds: number;
  /** Unix seconds; 0 or less before the first turn. */
  readonly evaluatedAt: number;
  readonly rules: number;
  readonly missed: number;
  readonly failed: number;
}

export interface GroupTimes {
  readonly durations: readonly number[];
  readonly lastAt: number;
}

export interface Run {
  readonly first: SelfMetrics;
  readonly last: SelfMetrics;
  readonly seconds: number;
  readonly largestRss: number;
}

export interface Verdict {
  readonly what: string;
  readonly wanted: string;
  readonly measured: string;
  readonly passed: boolean;
}

const bounds = { shareOfInterval: 0.25, cores: 0.25, rssBytes: 1.2e9 } as const;
const used = /^(process_(cpu_seconds_total|resident_memory_bytes)|prometheus_(rule_|tsdb_head_series\b))/;

export function parseSelf(page: string): SelfMetrics {
  const samples = page.split('\n').flatMap((line): SelfSample[] => {
    if (!used.test(line)) return [];
    const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match === null) return [];
    const [, name = '', inner = '', value = ''] = match;
    const labels = Object.fromEntries([...inner.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, k, v]) => [k, v]));
    return [{ name, labels: labels as Record<string, string>, value: Number(value) }];
  });
  const only = (name: string): number => samples.find((sample) => sample.name === name)?.value ?? NaN;
  return {
    samples,
    cpuSeconds: only('process_cpu_seconds_total'),
    rssBytes: only('process_resident_memory_bytes'),
    headSeries: only('prometheus_tsdb_head_series'),
  };
}

/** A group by its name, the file before the semicolon taken off. */
export function groupsOf(self: SelfMetrics): Group[] {
  const keys = self.samples
    .filter((sample) => sample.name === 'prometheus_rule_group_interval_seconds')
    .map((sample) => sample.labels['rule_group'] ?? '');
  return keys.map((key) => {
    const of = (name: string): number =>
      self.samples.find((sample) => sample.name === name && sample.labels['rule_group'] === key)?.value ?? NaN;
    return {
      name: key.replace(/^.*;/, ''),
      intervalSeconds: of('prometheus_rule_group_interval_seconds'),
      durationSeconds: of('prometheus_rule_group_last_duration_seconds'),
      evaluatedAt: of('prometheus_rule_group_last_evaluation_timestamp_seconds'),
      rules: of('prometheus_rule_group_rules'),
      missed: of('prometheus_rule_group_iterations_missed_total'),
      failed: of('prometheus_rule_evaluation_failures_total'),
    };
  });
}

/** `rows`: one line a group for the table. A group that had no turn is named, and proves nothing. */
export function verdictsOf(
  run: Run,
  times: ReadonlyMap<string, GroupTimes>,
): {
  readonly verdicts: readonly Verdict[];
  readonly rows: readonly string[];
  readonly summary: { readonly headSeries: number };
} {
  const groups = groupsOf(run.last).map((group) => {
    const durations = times.get(group.name)?.durations ?? [];
    const worst = Math.max(...durations);
    return { ...group, durations, worst, share: worst / group.intervalSeconds };
  });
  const seen = groups.filter((group) => group.durations.length > 0);
  const sum = (pick: (group: Group) => number): number => groups.reduce((total, group) => total + pick(group), 0);
  const share = Math.max(...seen.map((group) => group.share));
  const cores = (run.last.cpuSeconds - run.first.cpuSeconds) / run.seconds;
  const [missed, failed] = [sum((group) => group.missed), sum((group) => group.failed)];
  const without = groups.filter((group) => group.durations.length === 0);
  const rows = groups.map(({ name, intervalSeconds, rules, durations, worst, missed: late, failed: broken }) => {
    const mean = durations.reduce((total, one) => total + one, 0) / durations.length;
    const cells =
      durations.length === 0
        ? ['-', '-', '-']
        : [mean.toFixed(3), worst.toFixed(3), `${((100 * worst) / intervalSeconds).toFixed(1)} %`];
    return `| ${[name, intervalSeconds, rules, durations.length, ...cells, late, broken].join(' | ')} |`;
  });
  return {
    rows,
    summary: { headSeries: run.last.headSeries },
    verdicts: [
      { what: 'missed evaluations', wanted: '0', measured: String(missed), passed: missed === 0 },
      { what: 'failed evaluations', wanted: '0', measured: String(failed), passed: failed === 0 },
      {
        what: 'groups without a turn',
        wanted: 'only those of longer interval than the run',
        measured: without.length === 0 ? 'none' : without.map((group) => group.name).join(', '),
        passed: without.every((group) => group.intervalSeconds > run.seconds),
      },
      {
        what: 'worst share of an interval',
        wanted: `< ${bounds.shareOfInterval}`,
        measured: share.toFixed(3),
        passed: share < bounds.shareOfInterval,
      },
      {
        what: 'CPU of Prometheus, cores',
        wanted: `< ${bounds.cores}`,
        measured: cores.toFixed(3),
        passed: cores < bounds.cores,
      },
      {
        what: 'largest RSS of Prometheus, GB',
        wanted: `< ${bounds.rssBytes / 1e9}`,
        measured: (run.largestRss / 1e9).toFixed(2),
        passed: run.largestRss < bounds.rssBytes,
      },
    ],
  };
}
