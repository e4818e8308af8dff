import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { PitrFacts } from '../../src/contract/postgres.ts';
import type { ServiceSnapshot } from '../../src/contract/snapshot.ts';
import { fingerprint, largest, logical, passphrase, physical, scramble, type DamageBench } from './damage-postgres.ts';
import { asUser } from './postgres.ts';
import { run, waitUntil } from './processes.ts';

/** One kind of damage: what the product says of it, and which alerts hold while it stands. */
export interface Fault {
  readonly name: string;
  readonly service?: string;
  readonly says: Readonly<Record<string, unknown>>;
  readonly alerts: readonly string[];
  /** Damages, asks, waits with `told` until the alerts hold, and puts right what it damaged. */
  run(bench: DamageBench, told: () => Promise<void>): Promise<Record<string, unknown>>;
}

export interface Endured {
  readonly says: Record<string, unknown>;
  readonly live: unknown;
  /** Of the oldest backup, which no fault touches. */
  readonly oldest: string;
}

/**
 * What the fault was met with, from a system of which none of its alerts holds. `brief`: no drill that passes is made in between, so an
 * alert that only such a one ends may still hold from the fault before.
 */
export async function endure(
  bench: DamageBench,
  fault: Fault,
  { brief = false }: { readonly brief?: boolean } = {},
): Promise<{ before: Endured; after: Endured }> {
  const service = fault.service ?? physical;
  await heal(bench, { service, drill: !brief });
  const quiet = brief ? fault.alerts.filter((alert) => alert !== 'GenesisDRTestFailed') : fault.alerts;
  await bench.until(quiet, false, service);
  const look = async (says: Record<string, unknown>): Promise<Endured> => ({
    says,
    live: await bench.live(),
    oldest: fingerprint(service === physical ? backupFolder(bench, 'oldest') : await dumpFolder(bench, 'oldest')),
  });
  const before = await look({ ...fault.says });
  const says = await fault.run(bench, () => bench.until(fault.alerts, true, service));
  return { before, after: await look(says) };
}

/** A fault that is over is told as long as nothing has shown that it is. */
export async function heal(
  bench: DamageBench,
  { service = physical, drill = true }: { readonly service?: string; readonly drill?: boolean } = {},
): Promise<void> {
  if (await bench.raised('GenesisBackupFailed', service)) await bench.backUp('full', service);
  for (const entry of await bench.catalogue(service))
    if (entry.verifyResult === 'failed') await bench.ask('POST', `/backups/${entry.id}/verify`, {});
  if (!drill || !(await bench.raised('GenesisDRTestFailed', service))) return;
  const drilled = await bench.drill({}, service);
  if (drilled !== 'succeeded') throw new Error(`the drill of what is sound again ended with ${drilled}`);
  await bench.until(['GenesisDRTestFailed'], false, service);
}

function backupFolder(bench: DamageBench, which: 'oldest' | 'newest'): string {
  const fulls = bench.labels().filter((label) => label.endsWith('F'));
  return path.join(bench.repository, 'backup', physical, (which === 'oldest' ? fulls[0] : bench.labels().at(-1)) ?? '');
}

/** By the catalogue: two dumps of one second have names in any order. */
export async function dumpFolder(bench: DamageBench, which: 'oldest' | 'newest'): Promise<string> {
  const newestFirst = await bench.catalogue(logical);
  const entry = newestFirst.at(which === 'newest' ? 0 : -1);
  return path.join(bench.home, 'repositories', logical, 'pg_dump', logical, entry?.id ?? '');
}

export async function verifyNewest(bench: DamageBench, service = physical): Promise<string> {
  const [newest] = await bench.catalogue(service);
  return bench.ask('POST', `/backups/${newest?.id}/verify`, {});
}

export const backUp = (bench: DamageBench, service = physical): Promise<string> =>
  bench.ask('POST', '/backups', { service, type: 'full' });

/** As it stood before, also when the case fails: the next one must not meet two faults. */
export async function during<T>(mend: () => void | Promise<void>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await mend();
  }
}

export async function pitrOf(bench: DamageBench): Promise<PitrFacts> {
  const { pitr } = (await bench.genesis.api<ServiceSnapshot>('GET', `/services/${physical}`)).body;
  if (pitr?.known !== true) throw new Error('the recovery window is not known');
  return pitr.value;
}

/** Drilled before it is verified: what is known to be damaged is not drilled any more. */
export const drillAndVerify = async (bench: DamageBench, told: () => Promise<void>, service = physical) => {
  const says = { drill: await bench.drill({}, service), verify: await verifyNewest(bench, service) };
  await told();
  return says;
};

export const found = { drill: 'drill_failed', verify: 'backup_corrupt' };
export const foundBy = ['GenesisBackupVerificationFailed', 'GenesisDRTestFailed'];

export const corruptFile: Fault = {
  name: 'a corrupt file in the repository',
  says: found,
  alerts: foundBy,
  run: (bench, told) =>
    during(scramble(largest(path.join(backupFolder(bench, 'newest'), 'pg_data/base/5'))), () =>
      drillAndVerify(bench, told),
    ),
};

/** Without the drill: pgBackRest tries a file again after 15 s before it gives it up. */
export const corruptFileRead: Fault = {
  ...corruptFile,
  says: { verify: 'backup_corrupt' },
  alerts: ['GenesisBackupVerificationFailed'],
  run: (bench, told) =>
    during(scramble(largest(path.join(backupFolder(bench, 'newest'), 'pg_data/base/5'))), async () => {
      const verify = await verifyNewest(bench);
      await told();
      return { verify };
    }),
};

export const truncatedManifest: Fault = {
  name: 'a manifest that was cut off, with its copy',
  says: { drill: 'backup_corrupt', verify: 'backup_corrupt' },
  alerts: foundBy,
  run: async (bench, told) => {
    const files = ['backup.manifest', 'backup.manifest.copy'].map((n) => path.join(backupFolder(bench, 'newest'), n));
    for (const file of files) {
      copyFileSync(file, path.join(bench.folder, path.basename(file)));
      truncateSync(file, 500);
    }
    const mend = (): void => files.forEach((file) => copyFileSync(path.join(bench.folder, path.basename(file)), file));
    return during(mend, () => drillAndVerify(bench, told));
  },
};

export async function withoutSegment<T>(bench: DamageBench, segment: string, work: () => Promise<T>): Promise<T> {
  const file = bench.segments().find((at) => path.basename(at).startsWith(segment));
  if (file === undefined) throw new Error(`${segment} is not in the archive`);
  // On the same disk, which may be a small one of its own.
  const aside = path.join(bench.repository, 'taken');
  renameSync(file, aside);
  return during(() => renameSync(aside, file), work);
}

/** The gap is named, and the newest stretch that began before it ends there. */
async function gapOf(bench: DamageBench, segment: string): Promise<string> {
  const { gaps, windows } = await waitUntil('the scan has seen it', async () => {
    const facts = await pitrOf(bench);
    return facts.gaps.length > 0 ? facts : undefined;
  });
  const [gap] = gaps;
  const across = windows.filter(({ from, to }) => typeof gap?.from === 'string' && from < gap.from && to > gap.from);
  return gap?.firstSegment === segment && gaps.length === 1 && across.length === 0
    ? 'named'
    : JSON.stringify({ segment, gaps, windows });
}

export const firstSegmentMissing: Fault = {
  name: 'the first WAL segment of the newest backup missing',
  says: { gap: 'named', ...found },
  alerts: ['GenesisWALGap', ...foundBy],
  run: async (bench, told) => {
    // pgBackRest archives a note beside the segment that a backup begins with.
    const notes = readdirSync(path.dirname(bench.segments()[0] ?? ''))
      .filter((name) => name.endsWith('.backup'))
      .sort();
    const segment = (notes.at(-1) ?? '').slice(0, 24);
    return withoutSegment(bench, segment, async () => ({
      gap: await gapOf(bench, segment),
      ...(await drillAndVerify(bench, told)),
    }));
  },
};

export const middleSegmentMissing: Fault = {
  name: 'a WAL segment in the middle missing',
  // The backup itself is sound, and a verification says so.
  says: { gap: 'named', drill: 'drill_failed', verify: 'succeeded' },
  alerts: ['GenesisWALGap', 'GenesisDRTestFailed'],
  run: async (bench, told) => {
    const names: string[] = [];
    for (let i = 0; i < 3; i++) names.push(await bench.switchWal());
    const segment = names[1] ?? '';
    return withoutSegment(bench, segment, async () => ({
      gap: await gapOf(bench, segment),
      ...(await drillAndVerify(bench, told)),
    }));
  },
};

export const lastSegmentMissing: Fault = {
  name: 'the last WAL segment missing',
  says: { gap: 'named', drill: 'drill_failed', verify: 'succeeded' },
  alerts: ['GenesisWALGap', 'GenesisDRTestFailed'],
  run: async (bench, told) => {
    await bench.server.configure({ archive_timeout: '0' });
    const segment = await bench.switchWal();
    return during(
      () => bench.server.configure({ archive_timeout: '5' }),
      () =>
        withoutSegment(bench, segment, async () => ({
          gap: await gapOf(bench, segment),
          ...(await drillAndVerify(bench, told)),
        })),
    );
  },
};

export async function withPassphrase<T>(bench: DamageBench, text: string, work: () => Promise<T>): Promise<T> {
  const give = async (secret: string): Promise<void> => {
    writeFileSync(path.join(bench.folder, 'key'), `${secret}\n`, { mode: 0o600 });
    await bench.reconfigure({});
  };
  await give(text);
  return during(() => give(passphrase), work);
}

export const wrongPassphrase: Fault = {
  name: 'a wrong passphrase',
  says: { drill: 'key_wrong', verify: 'key_wrong', backup: 'key_wrong', shown: false },
  alerts: ['GenesisBackupFailed', 'GenesisDRTestFailed', 'GenesisWALArchiveFailing'],
  run: async (bench, told) => {
    const wrong = 'some other passphrase, also long';
    return withPassphrase(bench, wrong, async () => {
      const says = {
        drill: await bench.drill(),
        verify: await verifyNewest(bench),
        backup: await backUp(bench),
        shown: [wrong, passphrase].some((secret) => bench.genesis.output().includes(secret)),
      };
      await told();
      return says;
    });
  },
};

export const unreachable: Fault = {
  name: 'a repository that cannot be reached',
  says: { drill: 'repository_unreadable', backup: 'repository_unreadable', made: false },
  alerts: ['GenesisBackupFailed', 'GenesisDRTestFailed', 'GenesisWALArchiveFailing'],
  run: async (bench, told) => {
    // As a disk that is not mounted: its folder is there, and empty.
    const parts = ['archive', 'backup'].map((name) => path.join(bench.repository, name));
    for (const part of parts) renameSync(part, `${part}.away`);
    return during(
      () => parts.forEach((part) => renameSync(`${part}.away`, part)),
      async () => {
        const says = {
          drill: await bench.drill(),
          backup: await backUp(bench),
          // Nothing is written beside a disk that is not mounted.
          made: parts.some((part) => existsSync(part)),
        };
        await told();
        return says;
      },
    );
  },
};

export const twoAtOnce: Fault = {
  name: 'two backups at once, by two people and beside one by hand',
  says: { people: ['operation_conflict', 'succeeded'], beside: 'operation_conflict', byHand: 0 },
  alerts: ['GenesisBackupFailed'],
  run: async (bench, told) => {
    const people = await Promise.all([backUp(bench), backUp(bench)]);
    const engine = path.join(bench.home, 'engines', physical);
    const by = ['pgbackrest', `--config=${path.join(engine, 'pgbackrest.conf')}`, `--stanza=${physical}`] as const;
    const [file, args] = asUser(bench.server.asOwner, by[0], [...by.slice(1), '--type=full', '--start-fast', 'backup']);
    const hand = run({ name: 'pgbackrest by hand', file, args, cwd: '/', deadlineMs: 120_000 });
    await waitUntil('it holds the lock', () => existsSync(path.join(engine, 'lock', `${physical}-backup.lock`)), {
      intervalMs: 20,
    });
    const beside = await backUp(bench);
    const { exitCode } = await hand;
    await told();
    return { people: people.sort(), beside, byHand: exitCode };
  },
};

/** Only where the repository stands on a small disk of its own. */
export const repositoryFull: Fault = {
  name: 'a repository that is full',
  says: { backup: 'disk_full' },
  alerts: ['GenesisBackupFailed', 'GenesisBackupRepositoryFull', 'GenesisWALArchiveFailing'],
  run: async (bench, told) => {
    const filler = path.join(bench.repository, 'filler');
    const { bavail, bsize } = statfsSync(bench.repository);
    writeFileSync(filler, Buffer.alloc(Number(bavail) * Number(bsize) - 64 * 1024));
    return during(
      () => rmSync(filler),
      async () => {
        const backup = await backUp(bench);
        // What little is left is soon filled by WAL.
        await bench.server.sql(
          "SELECT pg_logical_emit_message(false, 'fill', string_agg(md5(random()::text), '')) FROM generate_series(1, 100000)",
        );
        await bench.server.sql('SELECT pg_switch_wal()');
        await told();
        return { backup };
      },
    );
  },
};

/** A disk of its own for the repository. Throws where it is not permitted: then this machine cannot show what a full one does. */
export function mountSmall(folder: string, size: string): () => void {
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `mode=711,size=${size}`, 'tmpfs', folder]);
  if (mounted.status !== 0)
    throw new Error(`a small tmpfs cannot be mounted here: run this test as root (${String(mounted.stderr)})`);
  return () => void spawnSync('umount', ['-l', folder]);
}
