import type { PitrFacts, RecoveryWindow } from '../postgres.ts';
import { serviceGauge, type MetricUnit, type SampleValue } from './family.ts';
import { flag } from './reading.ts';

/** The newest stretch of each repository: what is before a gap is another stretch. Pure. */
function newestWindows(facts: PitrFacts): ReadonlyMap<string, RecoveryWindow> {
  const newest = new Map<string, RecoveryWindow>();
  for (const window of facts.windows) {
    const before = newest.get(window.repository);
    if (before === undefined || Date.parse(window.to) >= Date.parse(before.to)) newest.set(window.repository, window);
  }
  return newest;
}

/** Segments that each repository lacks; 0 where it was looked at and lacks none. Pure. */
function missingSegments({ windows, gaps }: PitrFacts): ReadonlyMap<string, number> {
  const missing = new Map(windows.map(({ repository }) => [repository, 0]));
  for (const gap of gaps) missing.set(gap.repository, (missing.get(gap.repository) ?? 0) + gap.segments);
  return missing;
}

/** One sample for the newest stretch of each repository. */
function ofWindow(help: string, unit: MetricUnit, value: (window: RecoveryWindow) => SampleValue) {
  return serviceGauge({
    help,
    unit,
    labels: ['repository'],
    read: ({ pitr }, emit) => {
      if (pitr !== null) for (const [repository, window] of newestWindows(pitr)) emit(value(window), repository);
    },
  });
}

export const pitrMetrics = {
  genesis_wal_gap_segments: serviceGauge({
    help: 'WAL segments that a repository should have and lacks: no moment behind them can be reached from a backup before them.',
    unit: 'count',
    labels: ['repository'],
    read: ({ pitr }, emit) => {
      if (pitr !== null) for (const [repository, segments] of missingSegments(pitr)) emit(segments, repository);
    },
  }),
  genesis_recovery_window_start_timestamp_seconds: ofWindow(
    'First moment of the newest stretch whose every moment the repository can bring back.',
    'timestamp',
    (window) => window.from,
  ),
  genesis_recovery_window_end_timestamp_seconds: ofWindow(
    'Newest moment that the repository can bring back.',
    'timestamp',
    (window) => window.to,
  ),
  genesis_backup_block_incremental: serviceGauge({
    help: 'Whether increments hold changed blocks instead of whole files; absent where the installed product cannot.',
    unit: 'boolean',
    read: ({ pitr }, emit) => {
      if (pitr !== null && pitr.blockIncremental !== 'unsupported') emit(flag(pitr.blockIncremental === 'on'));
    },
  }),
} as const;
