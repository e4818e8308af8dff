import { OpError } from '../../../contract/errors.ts';
import type { RepositoryRef, VerifyReport } from '../port.ts';
import { ContentReader } from './content.ts';
import { toText } from './entries.ts';
import { damage, openFrames, releaseFrame, type StoredSource } from './frame-read.ts';
import type { ManifestComponent } from './format.ts';
import { checkCancelled, type JobContext } from './job-context.ts';
import { readList } from './list-read.ts';
import { createPathFilter, TreeWalk } from './select.ts';
import { listSource, loadBackup, loadMember, repositoryKey, type Chain, type StoredBackup } from './stored-chain.ts';
import { whereOf } from './survey.ts';

const maxFaults = 100;
type Fault = VerifyReport['faults'][number];

/** What damage looks like as an error; anything else (a key, a disk that cannot be read) is the caller's to hear of. */
const damageCodes: readonly string[] = ['backup_corrupt', 'backup_incomplete', 'unsafe_archive', 'format_unknown'];

/**
 * Reads everything back: manifests, every frame of every archive and list in the chain (SHA-256 of what is stored, decoded,
 * raw length), and every file's content against the SHA-256 in the list. Damage becomes a fault and the reading goes on.
 * Throws `backup_unknown`, `repository_unreadable`, key errors, `cancelled`, system errors.
 */
export async function verifyJob(
  repository: RepositoryRef,
  backupId: string,
  context: JobContext,
): Promise<VerifyReport> {
  const key = repositoryKey(repository);
  const run = new VerifyRun(backupId, context);
  const target = await run.guard(backupId, null, () => loadBackup(repository, key, backupId));
  if (target === null) return run.report([backupId]);
  const members: (StoredBackup | null)[] = [target];
  for (let index = 1; index < target.manifest.chain.length; index += 1) {
    const id = target.manifest.chain[index] ?? '';
    members.push(await run.guard(id, null, () => loadMember(repository, key, target, index)));
  }
  const present = members.filter((m) => m !== null);
  run.expect(present);
  // Contents can only be put together when nothing of the chain is missing; the frames of what is there are read in any case.
  if (present.length === members.length) await run.contents({ key, members: present, target });
  for (const member of present) await run.frames(member, key);
  return run.report(target.manifest.chain);
}

class VerifyRun {
  readonly #backupId: string;
  readonly #context: JobContext;
  readonly #faults: Fault[] = [];
  /** Frames that the look at the contents has proved already, by backup, file and index. */
  readonly #proved = new Set<string>();
  #entries = 0;
  #bytesDone = 0;
  #bytesTotal = 0;

  constructor(backupId: string, context: JobContext) {
    this.#backupId = backupId;
    this.#context = context;
  }

  /** Runs one part; damage is noted and gives null. */
  async guard<T>(
    backupId: string,
    component: string | null,
    part: () => T | Promise<T>,
    path: string | null = null,
  ): Promise<T | null> {
    try {
      return await part();
    } catch (thrown) {
      const known = thrown instanceof OpError && damageCodes.includes(thrown.code);
      if (!known) throw thrown;
      this.#fault({ backupId, component, path, message: thrown.message });
      return null;
    }
  }

  expect(members: readonly StoredBackup[]): void {
    const sizes = members.flatMap((m) => m.manifest.components.map((c) => c.archive.rawBytes + c.files.rawBytes));
    this.#bytesTotal = sizes.reduce((sum, size) => sum + size, 0);
  }

  report(chain: readonly string[]): VerifyReport {
    return {
      backupId: this.#backupId,
      passed: this.#faults.length === 0,
      chain,
      entries: this.#entries,
      bytes: this.#bytesDone,
      faults: this.#faults,
    };
  }

  async contents(chain: Chain): Promise<void> {
    for (const component of chain.target.manifest.components) {
      const content = new ContentReader(chain, component.name, 'files', null);
      try {
        await this.guard(chain.target.id, component.name, () => this.#component(chain, component, content));
        this.#noteProved(chain, component, content);
      } finally {
        await content.close();
      }
    }
  }

  async #component(chain: Chain, component: ManifestComponent, content: ContentReader): Promise<void> {
    const walk = new TreeWalk(whereOf(chain, component), component, createPathFilter([]), null);
    const before = this.#entries;
    for await (const batch of readList(listSource(chain, component))) {
      for (const entry of batch.entries) {
        if (walk.step(entry) === null) continue;
        this.#entries += 1;
        if (entry.kind !== 'f') continue;
        const holder = chain.members[entry.holder]?.id ?? chain.target.id;
        await this.guard(holder, component.name, () => content.read(entry, () => this.#read()), toText(entry.path));
      }
      checkCancelled(this.#context);
      this.#tell();
    }
    const entries = this.#entries - before;
    if (entries !== component.entries) {
      throw damage(
        whereOf(chain, component),
        `the list has ${entries} entries, the manifest says ${component.entries}`,
      );
    }
  }

  #read(): undefined {
    checkCancelled(this.#context);
  }

  #noteProved(chain: Chain, component: ManifestComponent, content: ContentReader): void {
    chain.members.forEach((member, holder) => {
      const frames = member.manifest.components.find((c) => c.name === component.name)?.archive.frames ?? [];
      frames.forEach((frame, index) => {
        if (!content.wasProved(holder, index)) return;
        this.#proved.add(`${member.id}/${component.name}/${index}`);
        this.#bytesDone += frame[2];
      });
    });
    this.#tell();
  }

  /** Every frame of one backup that was not proved yet. */
  async frames(member: StoredBackup, key: Buffer | null): Promise<void> {
    for (const component of member.manifest.components) {
      const source = { folder: member.folder, backupId: member.id, component: component.name, key };
      const skip = (index: number): boolean => this.#proved.has(`${member.id}/${component.name}/${index}`);
      await this.guard(member.id, component.name, () =>
        this.#file({ ...source, stored: component.files }, () => false),
      );
      await this.guard(member.id, component.name, () => this.#file({ ...source, stored: component.archive }, skip));
    }
  }

  async #file(source: StoredSource, skip: (index: number) => boolean): Promise<void> {
    const reader = openFrames(source);
    try {
      for (let index = 0; index < reader.frames.length; index += 1) {
        if (skip(index)) continue;
        const raw = await this.guard(source.backupId, source.component, () => reader.frame(index));
        if (raw !== null) releaseFrame(raw);
        checkCancelled(this.#context);
        this.#bytesDone += reader.frames[index]?.[2] ?? 0;
        this.#tell();
      }
    } finally {
      reader.close();
    }
  }

  #fault(fault: Fault): void {
    const known = this.#faults.some((f) => f.message === fault.message && f.path === fault.path);
    if (!known && this.#faults.length < maxFaults) this.#faults.push(fault);
  }

  #tell(): void {
    this.#context.progress({
      phase: 'verify',
      entriesDone: this.#entries,
      bytesDone: this.#bytesDone,
      bytesTotal: this.#bytesTotal,
    });
  }
}
