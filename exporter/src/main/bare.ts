import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BareRepository, AuditVerification, Place, RebuildReport } from '../cli/deps.ts';
import { fail, ok, type Outcome } from '../contract/errors.ts';
import { backupEngineKind } from '../engines/backup/registry.ts';
import type { BackupEngine, EngineDeps, RepositoryRef } from '../engines/backup/port.ts';
import { readSecret } from '../config/secrets.ts';
import { systemClock, systemRandom } from '../runtime/clock.ts';
import { systemExec } from '../runtime/exec.ts';
import { homeAt, lockHome, prepareHome } from '../runtime/home.ts';
import { createQuietLog } from '../runtime/log.ts';
import { repositorySeenPrefix } from '../runtime/handlers/backup-repository.ts';
import { copySeenPrefix } from '../runtime/handlers/copy.ts';
import { resolveService } from '../runtime/services.ts';
import { openStore, openReadOnly } from '../store/sqlite/open.ts';
import { compareHeads } from '../store/audit-hash.ts';
import type { AuditHead } from '../store/port.ts';
import { loadFor, type Environment } from './compose.ts';

/** Only `archive` repositories can be opened by their folder alone; other engines bring their own tools for that. */
const bareKind = backupEngineKind('archive');

function engineDeps(): EngineDeps {
  return { clock: systemClock, exec: systemExec, random: systemRandom, log: createQuietLog() };
}

function keyFrom(ref: string | null, env: Environment): Outcome<Buffer | null> {
  if (ref === null) return ok(null);
  const text = readSecret(ref, env, process.getuid?.() ?? 0);
  return text.ok ? ok(bareKind.deriveKey(text.value)) : fail('key_missing', text.error.message);
}

function openRepository(
  dir: string,
  key: string | null,
  env: Environment,
): Outcome<{ readonly engine: BackupEngine; readonly ref: RepositoryRef }> {
  if (!existsSync(join(dir, bareKind.markerFile)))
    return fail('repository_unreadable', `${dir} is not a repository: it has no ${bareKind.markerFile}`);
  const bytes = keyFrom(key, env);
  if (!bytes.ok) return bytes;
  return ok({ engine: bareKind.create(engineDeps()), ref: { path: dir, key: bytes.value } });
}

/** A repository with nothing else: no configuration, no state. */
export function openBare(dir: string, key: string | null, env: Environment): Promise<Outcome<BareRepository>> {
  const opened = openRepository(dir, key, env);
  if (!opened.ok) return Promise.resolve(opened);
  const { engine, ref } = opened.value;
  return Promise.resolve(
    ok({
      list: (service, signal) => engine.inspect(ref, service, signal),
      verify: (id, context) => engine.verify(ref, id, context),
      planRestore: (id, selection, signal) => engine.planRestore(ref, id, selection, signal),
      restore: (id, selection, to, context) =>
        engine.restore(
          {
            operationId: `bare_${systemRandom.hex(6)}`,
            repository: ref,
            backupId: id,
            selection,
            target: { kind: 'folder', path: to },
            restoreOwner: process.getuid?.() === 0,
          },
          context,
        ),
    }),
  );
}

/**
 * Remakes the catalogue from the manifests in a folder. Where the home has no state yet, the state that Genesis saved into that
 * repository (journal, audit, tokens' hashes) comes back first.
 */
export async function rebuildCatalogue(
  o: Place & { readonly from: string; readonly key: string | null; readonly dryRun: boolean },
  env: Environment,
): Promise<Outcome<RebuildReport>> {
  const opened = openRepository(o.from, o.key, env);
  if (!opened.ok) return opened;
  const { engine, ref } = opened.value;
  const signal = new AbortController().signal;
  const listing = await engine.inspect(ref, null, signal);
  if (!listing.ok) return listing;
  const report: RebuildReport = { records: listing.value.records, damaged: listing.value.damaged };
  if (o.dryRun) return ok(report);
  const home = homeAt(o.home);
  const prepared = prepareHome(home);
  if (!prepared.ok) return prepared;
  const lock = lockHome(home);
  if (!lock.ok) return lock;
  try {
    if (!existsSync(home.stateFile)) await bringBack(engine, ref, 'state.db', home.stateFile, signal);
    if (!existsSync(o.configPath)) await bringBack(engine, ref, 'genesis.yaml', o.configPath, signal);
    const store = await openStore({ path: home.stateFile, clock: systemClock, log: createQuietLog() });
    if (!store.ok) return store;
    // The repositories of before may be gone for good: the next backup may make new ones.
    for (const prefix of [repositorySeenPrefix, copySeenPrefix]) {
      for (const fact of await store.value.facts.list(prefix)) await store.value.facts.remove(fact.name);
    }
    for (const record of report.records) {
      await store.value.backups.put(record);
      if (record.type === 'snapshot') await store.value.backups.setKeep(record.id, true, null);
    }
    await store.value.audit.append({
      at: systemClock.now().toISOString(),
      actor: 'cli',
      role: 'admin',
      via: 'cli',
      action: 'rebuildCatalogue',
      service: null,
      target: o.from,
      result: 'succeeded',
      reason: null,
      operationId: null,
      remote: null,
      details: { backups: report.records.length, damaged: report.damaged.length },
    });
    await store.value.close();
    return ok(report);
  } finally {
    lock.value.release();
  }
}

async function bringBack(
  engine: BackupEngine,
  ref: RepositoryRef,
  name: string,
  to: string,
  signal: AbortSignal,
): Promise<void> {
  const content = await engine.loadExtra(ref, name, signal);
  // A repository of an earlier time may not hold it yet; the manifests are enough for the catalogue.
  if (!content.ok) return;
  mkdirSync(join(to, '..'), { recursive: true, mode: 0o700 });
  writeFileSync(to, content.value, { mode: 0o600, flag: 'wx' });
}

export async function keyFingerprint(
  o: Place & { readonly service: string },
  env: Environment,
): Promise<Outcome<{ readonly fingerprint: string }>> {
  const home = homeAt(o.home);
  const loaded = loadFor({ home, configPath: o.configPath, env });
  if (!loaded.ok) return loaded;
  const service = await resolveService(loaded.value.config, o.service, home, {
    resolve: (ref) => loaded.value.resolveSecret(ref),
    deriveKey: (engine, text) => Promise.resolve(backupEngineKind(engine).deriveKey(text)),
  });
  if (!service.ok) return service;
  const key = service.value.repository.key;
  if (key === null) return fail('key_missing', `${o.service} is not encrypted`);
  return ok({ fingerprint: backupEngineKind(service.value.config.backup.engine).keyFingerprint(key) });
}

interface FoundHead {
  readonly source: string;
  readonly head: AuditHead;
}

function parseHead(text: string): AuditHead | null {
  const value = JSON.parse(text) as Partial<AuditHead> | null;
  if (
    value === null ||
    typeof value.count !== 'number' ||
    typeof value.hash !== 'string' ||
    typeof value.at !== 'string'
  )
    return null;
  return { count: value.count, hash: value.hash, at: value.at };
}

/** Heads that were carried out of the state's reach: in the repository, in each copy, in the manifests there. */
async function collectHeads(o: Place, env: Environment): Promise<Outcome<readonly FoundHead[]>> {
  const home = homeAt(o.home);
  const loaded = loadFor({ home, configPath: o.configPath, env });
  if (!loaded.ok) return loaded;
  const heads: FoundHead[] = [];
  for (const { name } of loaded.value.config.services) {
    const service = await resolveService(loaded.value.config, name, home, {
      resolve: (ref) => loaded.value.resolveSecret(ref),
      deriveKey: (engine, text) => Promise.resolve(backupEngineKind(engine).deriveKey(text)),
    });
    if (!service.ok) continue;
    const engine = backupEngineKind(service.value.config.backup.engine).create(engineDeps());
    const places = [
      { label: `repository of ${name}`, ref: service.value.repository },
      ...service.value.copies.map((c) => ({ label: `copy ${c.name} of ${name}`, ref: c.ref })),
    ];
    for (const place of places) {
      const extra = await engine.loadExtra(place.ref, 'audit-head.json', new AbortController().signal);
      const head = extra.ok ? parseHead(extra.value.toString('utf8')) : null;
      if (head !== null) heads.push({ source: place.label, head });
      const inManifests = await engine.auditHeads(place.ref, name);
      for (const found of inManifests.ok ? inManifests.value : [])
        heads.push({ source: `manifest of ${found.backupId} in the ${place.label}`, head: found.head });
    }
  }
  return ok(heads);
}

/** Recomputes the chain and compares it with every head kept elsewhere. Works beside a running server: it only reads. */
export async function verifyAudit(o: Place, env: Environment): Promise<Outcome<AuditVerification>> {
  const heads = await collectHeads(o, env);
  if (!heads.ok) return heads;
  const store = await openReadOnly({ path: homeAt(o.home).stateFile, clock: systemClock, log: createQuietLog() });
  if (!store.ok) return store;
  try {
    const chain = await store.value.audit.verify(heads.value.map((h) => h.head.count));
    const compared = compareHeads(
      chain,
      heads.value.map((h) => h.head),
    );
    return ok({
      count: chain.count,
      brokenAt: chain.brokenAt,
      heads: compared.heads.map(({ head, verdict }) => ({
        source: heads.value.find((h) => h.head === head)?.source ?? 'unknown',
        count: head.count,
        at: head.at,
        result: verdict,
      })),
      vouchedUpTo: compared.provenUpTo === 0 ? null : compared.provenUpTo,
    });
  } finally {
    await store.value.close();
  }
}
