import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProductRef } from '../product.ts';
import type { Stanza } from './conf.ts';
import type { Archive, Fork } from './segments.ts';
import { scanArchive, type BackupPoint, type Scan } from './windows.ts';

/** What pgBackRest 2.45 answered, as it came. */
export function recorded(name: string): string {
  return readFileSync(join(import.meta.dirname, 'testdata', name), 'utf8');
}

export function stanzaWith(changes: Partial<ProductRef> = {}): Stanza {
  const postgres = {
    host: '/run/pg',
    port: 5433,
    user: 'genesis',
    password: 'db-secret',
    database: 'postgres',
    tlsCa: null,
    data: '/srv/data',
    bin: null,
    runAs: null,
    standbys: [],
  };
  const pgbackrest = {
    stanza: 'main',
    processMax: 2,
    archiveTimeoutSeconds: 60,
    ioTimeoutSeconds: 15,
    startFast: true,
    program: 'pgbackrest',
  };
  const product: ProductRef = {
    service: 'shop',
    index: 0,
    places: [{ name: 'repository', path: '/srv/repo', remote: null, passphrase: null }],
    folder: '/srv/engine',
    postgres,
    pgbackrest,
    pgDump: null,
    restic: null,
    retention: { fullCount: 7, fullDays: 30, incrementalDays: 7 },
    drill: null,
    ...changes,
  };
  return { product, postgres, settings: pgbackrest };
}

const mib16 = 16 * 2 ** 20;
/** Second `n` after a fixed moment, in Unix milliseconds. */
export function second(n: number): number {
  return Date.parse('2026-11-22T12:00:00Z') + n * 1000;
}
export function isoAt(n: number): string {
  return new Date(second(n)).toISOString();
}

/** Segments of a timeline, each archived as many seconds after the begin as its number says. */
export function segments(timeline: number, numbers: readonly number[]): Archive['segments'] {
  return numbers.map((number) => ({ timeline, number, archivedAtMs: second(number * 10) }));
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** A backup that needs these segments and was consistent when the last one was archived. */
export function point(id: string, timeline: number, first: number, last = first): BackupPoint {
  return {
    id,
    label: id.toUpperCase(),
    startMs: second(first * 10 - 5),
    stopMs: second(last * 10),
    first: { timeline, number: first },
    last: { timeline, number: last },
    stopLsn: BigInt(last) * BigInt(mib16) + 256n,
  };
}

export function archiveWith(
  list: Archive['segments'],
  histories: readonly (readonly [number, readonly Fork[], number])[] = [],
): Archive {
  return {
    segmentBytes: mib16,
    segments: list,
    unusable: [],
    histories: new Map(histories.map(([timeline, forks]) => [timeline, forks])),
    begunAtMs: new Map(histories.map(([timeline, , at]) => [timeline, second(at)])),
  };
}

export function scanOf(archive: Archive, backups: readonly BackupPoint[], expected: number | null = null): Scan {
  return scanArchive({
    repository: 'repository',
    archive,
    backups,
    expected: expected === null ? null : { timeline: 1, number: expected },
  });
}

/** The fork of a timeline inside a segment. */
export function fork(parent: number, number: number): Fork {
  return { parent, lsn: BigInt(number) * BigInt(mib16) + 4096n };
}
