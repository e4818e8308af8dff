import {
  ageSeconds,
  failed,
  judge,
  seen,
  unknown,
  within,
  type Answer,
  type Check,
  type ReadinessInput,
} from './readiness-answers.ts';
import { spanInWords } from './words.ts';

// Checks of services with a database, or with health checks; they do not arise for others.

function walContinuous({ service }: ReadinessInput): Answer {
  if (service.pitr === null) return null;
  return seen(service.pitr, ({ windows, gaps, segments }) => {
    const [gap] = gaps;
    if (gap !== undefined)
      return failed(
        `${gap.segments} WAL segment(s) from ${gap.firstSegment} on are missing in ${gap.repository}` +
          (gaps.length > 1 ? ` and ${gaps.length - 1} more gap(s)` : ''),
      );
    if (windows.length === 0) return failed('there is no backup with its WAL: no moment can be brought back');
    return judge(true, `${segments} WAL segments without a gap`);
  });
}

/** WAL segments that may wait for the archive, 256 MiB as usual; more means that it does not keep up. */
const mostWaiting = 16;

function walArchived({ service }: ReadinessInput, now: Date): Answer {
  if (service.pitr === null || service.replication === null) return null;
  return seen(service.replication, ({ archiver }) => {
    if (archiver === null) return failed('archive_mode is off: what is written after a backup is in no repository');
    const { lastArchivedAt, lastFailedAt, lastFailedWal, readySegments } = archiver;
    if (lastFailedAt !== null && (lastArchivedAt === null || lastFailedAt > lastArchivedAt))
      return failed(
        `archiving of ${lastFailedWal ?? 'a segment'} failed ${spanInWords(ageSeconds(lastFailedAt, now))} ago`,
      );
    if (lastArchivedAt === null) return failed('no WAL segment was ever archived');
    if (readySegments === null) return unknown('how many segments wait to be archived could not be read');
    return judge(readySegments < mostWaiting, `${readySegments} segments wait to be archived`);
  });
}

function blockIncremental({ service }: ReadinessInput): Answer {
  if (service.pitr === null || !service.pitr.known) return null;
  const { blockIncremental: state, version } = service.pitr.value;
  return judge(
    state === 'on',
    state === 'on'
      ? 'incrementals hold the blocks that changed'
      : state === 'off'
        ? 'incrementals hold whole files: block increments are off'
        : `pgBackRest ${version} stores whole files in incrementals: after small changes everywhere they are nearly fulls`,
  );
}

function replicasCurrent({ service }: ReadinessInput): Answer {
  if (service.replication === null) return null;
  return seen(service.replication, ({ replicas }) => {
    if (replicas.length === 0) return null;
    const limit = service.objectives.replication_sla;
    const away = replicas.filter(({ connected }) => !connected);
    if (away.length > 0) return failed(`${away.map(({ name }) => name).join(', ')} not connected`);
    const unread = replicas.filter(({ lagSeconds }) => lagSeconds === null);
    if (unread.length > 0) return unknown(`the lag of ${unread.map(({ name }) => name).join(', ')} is not known`);
    return within('the furthest standby is behind by', Math.max(...replicas.map((r) => r.lagSeconds ?? 0)), limit);
  });
}

function healthy({ service }: ReadinessInput): Answer {
  if (service.health === null) return null;
  const { state, checks } = service.health;
  if (state === 'unknown') return unknown('not every check was made yet');
  const bad = checks.filter((check) => check.state !== 'healthy');
  return judge(
    state === 'healthy',
    bad.length === 0 ? `${checks.length} check(s) passed` : `${bad[0]?.name}: ${bad[0]?.last?.detail}`,
  );
}

export const databaseChecks: readonly Check[] = [
  {
    id: 'wal_continuous',
    component: 'recovery',
    weight: 4,
    question: 'Is every WAL segment of the recovery window in the repository?',
    mend: 'take a full backup now: nothing after a gap can be reached from before it; then find out what removed the segments',
    answer: walContinuous,
  },
  {
    id: 'wal_archived',
    component: 'recovery',
    weight: 3,
    question: 'Is WAL archived as it is written?',
    mend: 'look at the server’s log; `genesis postgres` compares archive_command with what it has to be',
    answer: walArchived,
  },
  {
    id: 'block_incremental',
    component: 'backup',
    weight: 1,
    question: 'Do incremental backups hold only the blocks that changed?',
    mend: 'install pgBackRest 2.46 or newer: Genesis switches block increments on by itself',
    answer: blockIncremental,
  },
  {
    id: 'replicas_current',
    component: 'replication',
    weight: 3,
    question: 'Is every standby connected and within replication_sla?',
    mend: 'look at the Replication page: it says what is wrong with which standby',
    answer: replicasCurrent,
  },
  {
    id: 'service_healthy',
    component: 'operations',
    weight: 2,
    question: 'Do the health checks of the service pass?',
    mend: 'see the failing check and mend what it names',
    answer: healthy,
  },
];
