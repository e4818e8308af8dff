import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, readSync, readlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { OpError } from '../../../contract/errors.ts';
import type { CompareReport, RepositoryRef } from '../port.ts';
import { statOf } from './durable.ts';
import { comparePaths, fromText, toText, type FileEntry } from './entries.ts';
import type { ManifestComponent } from './format.ts';
import { createBreather, type JobContext } from './job-context.ts';
import { readList } from './list-read.ts';
import { listSource, loadChain, type Chain } from './stored-chain.ts';
import { walkTree, type Found } from './tree-walk.ts';

const maxDifferences = 100;
const asRoot = process.getuid?.() === 0;
const typeBits = { f: 0o100000n, h: 0o100000n, d: 0o040000n, l: 0o120000n } as const;
const typeNames: Readonly<Record<string, string>> = {
  '32768': 'a file',
  '16384': 'a folder',
  '40960': 'a symbolic link',
};

/**
 * Merges the list with a walk of the folder, both in path order, so that neither is ever held whole.
 * Throws OpError `not_found` (no such folder), and as `loadChain`; a difference is a result, not an error.
 */
export async function compareJob(
  repository: RepositoryRef,
  backupId: string,
  folder: string,
  context: JobContext,
): Promise<CompareReport> {
  const chain = loadChain(repository, backupId);
  const base = fromText(resolve(folder));
  if (statOf(base)?.isDirectory() !== true) throw new OpError('not_found', `${folder} is not a folder`);
  const run = new Comparison(chain, context);
  for (const component of chain.target.manifest.components) await run.component(component, join(base, component.name));
  return run.report();
}

class Comparison {
  readonly #chain: Chain;
  readonly #context: JobContext;
  readonly #breathe: () => Promise<void> | undefined;
  readonly #buffer = Buffer.allocUnsafeSlow(2 ** 20);
  readonly #differences: string[] = [];
  /** Names that a linked file still lacks, by path of its first name; only files with more than one name are in here. */
  readonly #links = new Map<string, bigint>();
  #entries = 0;
  #bytes = 0;
  #bytesTotal = 0;

  constructor(chain: Chain, context: JobContext) {
    this.#chain = chain;
    this.#context = context;
    this.#breathe = createBreather(context);
    for (const component of chain.target.manifest.components) this.#bytesTotal += component.bytes;
  }

  report(): CompareReport {
    return { entries: this.#entries, bytes: this.#bytes, differences: this.#differences };
  }

  async component(component: ManifestComponent, base: string): Promise<void> {
    const { name } = component;
    if (statOf(base)?.isDirectory() !== true) return this.#differ(name, 'is missing');
    const walk = walkTree(base);
    let found = walk.next().value ?? null;
    this.#links.clear();
    for await (const { entries } of readList(listSource(this.#chain, component))) {
      for (const entry of entries) {
        if (entry.kind === 'x') continue;
        while (found !== null && comparePaths(found.path, entry.path) < 0) {
          this.#differ(`${name}/${toText(found.path)}`, 'is not in the backup');
          found = walk.next().value ?? null;
        }
        if (found === null || found.path !== entry.path) this.#differ(`${name}/${toText(entry.path)}`, 'is missing');
        else {
          await this.#entry(`${name}/${toText(entry.path)}`, entry, found, base);
          found = walk.next().value ?? null;
        }
        this.#entries += 1;
      }
      this.#tell();
    }
    for (; found !== null; found = walk.next().value ?? null)
      this.#differ(`${name}/${toText(found.path)}`, 'is not in the backup');
    for (const [path, lacking] of this.#links) {
      if (lacking !== 0n) this.#differ(`${name}/${toText(path)}`, 'has not as many hard links as in the backup');
    }
  }

  async #entry(shown: string, entry: FileEntry, found: Found, base: string): Promise<void> {
    const { stat } = found;
    if (entry.kind === 'x') return;
    const type = stat.mode & 0o170000n;
    // A further name of a symbolic link is rare, but it is one.
    const linkToLink = entry.kind === 'h' && type === typeBits.l;
    if (type !== typeBits[entry.kind] && !linkToLink) {
      return this.#differ(shown, `is ${typeNames[String(type)] ?? 'something else'}, in the backup it is not`);
    }
    this.#attributes(shown, entry, stat);
    if (entry.kind === 'l') this.#target(shown, entry, found);
    if (entry.kind === 'h') this.#link(shown, entry, stat, base);
    if (entry.kind === 'f') await this.#file(shown, entry, found);
  }

  #attributes(shown: string, entry: FileEntry, stat: Found['stat']): void {
    const mode = Number(stat.mode & 0o7777n);
    // Links have no mode of their own on Linux.
    if (entry.kind !== 'l' && mode !== entry.mode)
      this.#differ(shown, `has mode ${mode.toString(8)} instead of ${entry.mode.toString(8)}`);
    if (stat.mtimeNs !== BigInt(entry.mtimeNs))
      this.#differ(shown, `has mtime ${stat.mtimeNs} ns instead of ${entry.mtimeNs} ns`);
    if (asRoot && (Number(stat.uid) !== entry.uid || Number(stat.gid) !== entry.gid)) {
      this.#differ(shown, `belongs to ${stat.uid}:${stat.gid} instead of ${entry.uid}:${entry.gid}`);
    }
  }

  #target(shown: string, entry: FileEntry, { fsPath }: Found): void {
    const target = readlinkSync(fsPath, { encoding: 'buffer' }).toString('latin1');
    if (target !== entry.target)
      this.#differ(shown, `leads to ${toText(target)} instead of ${toText(entry.target ?? '')}`);
  }

  #link(shown: string, entry: FileEntry, stat: Found['stat'], base: string): void {
    const first = entry.target ?? '';
    const other = statOf(`${base}/${first}`);
    if (other?.ino !== stat.ino || other.dev !== stat.dev)
      this.#differ(shown, `is not the same file as ${toText(first)}`);
    const lacking = this.#links.get(first);
    if (lacking !== undefined) this.#links.set(first, lacking - 1n);
  }

  async #file(shown: string, entry: FileEntry, found: Found): Promise<void> {
    if (found.stat.nlink > 1n) this.#links.set(entry.path, found.stat.nlink - 1n);
    if (Number(found.stat.size) !== entry.size) {
      return this.#differ(shown, `has ${found.stat.size} bytes instead of ${entry.size}`);
    }
    if ((await this.#hash(found.fsPath)) !== entry.hash)
      this.#differ(shown, 'has another content (its SHA-256 differs)');
  }

  async #hash(fsPath: string | Buffer): Promise<string> {
    const fd = openSync(fsPath, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const sum = createHash('sha256');
      for (let got = readSync(fd, this.#buffer); got > 0; got = readSync(fd, this.#buffer)) {
        sum.update(this.#buffer.subarray(0, got));
        this.#bytes += got;
        await this.#breathe();
      }
      return sum.digest('hex');
    } finally {
      closeSync(fd);
    }
  }

  #differ(shown: string, what: string): void {
    if (this.#differences.length < maxDifferences) this.#differences.push(`${shown} ${what}`);
  }

  #tell(): void {
    this.#context.progress({
      phase: 'compare',
      entriesDone: this.#entries,
      bytesDone: this.#bytes,
      bytesTotal: this.#bytesTotal,
    });
  }
}
