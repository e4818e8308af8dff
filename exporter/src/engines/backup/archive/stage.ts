import { OpError } from '../../../contract/errors.ts';
import { ContentReader } from './content.ts';
import type { FileEntry } from './entries.ts';
import { TarExtract } from './extract.ts';
import { checkCancelled, type JobContext } from './job-context.ts';
import { readList } from './list-read.ts';
import { TreeWalk, type Step } from './select.ts';
import { listSource, type Chain } from './stored-chain.ts';
import { isLinkInside, whereOf, type ComponentSurvey, type Survey } from './survey.ts';

/** Where the entries of one root are made: below `cwd` (existing, binary string), the root under another name. */
export interface Place {
  readonly cwd: string;
  readonly rootName: string;
}

export interface StageRequest {
  readonly chain: Chain;
  readonly survey: Survey;
  readonly restoreOwner: boolean;
  /** Null: the root is not wanted. */
  place(component: string, root: string): Place | null;
  /** Roots by component to which the walk is limited; null for all. */
  readonly wantedRoots: ReadonlyMap<string, ReadonlySet<string>> | null;
}

interface Done {
  entries: number;
  bytes: number;
}

/**
 * Writes the selected tree into its places, out of frames that were proved by their SHA-256. On any failure the places hold rubbish, which
 * the caller removes. Throws OpError `backup_corrupt`, `unsafe_archive`, `restore_failed`, `disk_full`, `cancelled`.
 */
export async function stage(request: StageRequest, context: JobContext): Promise<Done> {
  const done: Done = { entries: 0, bytes: 0 };
  for (const component of request.survey.components) {
    const writer = new ComponentStage(request, component, context, done);
    try {
      await writer.run();
    } finally {
      await writer.dispose();
    }
  }
  return done;
}

/** One component: walks its list a second time, in step with the archives, and feeds tar. */
class ComponentStage {
  readonly #request: StageRequest;
  readonly #survey: ComponentSurvey;
  readonly #context: JobContext;
  readonly #done: Done;
  readonly #content: ContentReader;
  readonly #uid = process.getuid?.() ?? -1;
  /** By root and orphaned first name: the first of its names that was restored there, as archived. */
  readonly #standIns = new Map<string, string>();
  #tar: TarExtract | null = null;
  #cwd: string | null = null;

  constructor(request: StageRequest, found: ComponentSurvey, context: JobContext, done: Done) {
    this.#request = request;
    this.#survey = found;
    this.#context = context;
    this.#done = done;
    // What is stored is a fraction of what it decodes to: proving it costs a restore far less than hashing every file once more.
    this.#content = new ContentReader(request.chain, found.component.name, 'frames', found.needed);
  }

  async run(): Promise<void> {
    const { chain, survey, wantedRoots } = this.#request;
    const { component } = this.#survey;
    const walk = new TreeWalk(
      whereOf(chain, component),
      component,
      survey.filter,
      wantedRoots?.get(component.name) ?? null,
    );
    for await (const { entries } of readList(listSource(chain, component))) {
      for (const entry of entries) {
        const step = walk.step(entry);
        if (step?.selected === true) await this.#make(step);
      }
      checkCancelled(this.#context);
    }
    await this.#tar?.finish();
    this.#tar = null;
  }

  async dispose(): Promise<void> {
    await this.#tar?.dispose();
    await this.#content.close();
  }

  async #make(step: Step): Promise<void> {
    const place = this.#request.place(this.#survey.component.name, step.root);
    if (place === null) return;
    const tar = await this.#tarIn(place.cwd);
    for (const folder of step.implied) await tar.header(this.#placed(folder, step.root, place));
    const { entry } = step;
    if (entry.kind === 'f') await this.#makeFile(tar, entry, this.#placed(entry, step.root, place));
    else if (entry.kind === 'h') await this.#makeLink(tar, step, place);
    else await tar.header(this.#placed(entry, step.root, place));
    this.#done.entries += 1 + step.implied.length;
    this.#context.progress({
      phase: 'restore',
      entriesDone: this.#done.entries,
      bytesDone: this.#done.bytes,
      bytesTotal: this.#request.survey.bytes,
    });
  }

  async #makeFile(tar: TarExtract, source: FileEntry, made: FileEntry): Promise<void> {
    await tar.header(made);
    await this.#content.read(source, (slice) => tar.content(slice));
    await tar.pad(source.size);
    this.#done.bytes += source.size;
  }

  /** A further name of a file: a link where its first name is restored too, else the content under the first name that is. */
  async #makeLink(tar: TarExtract, step: Step, place: Place): Promise<void> {
    const { entry } = step;
    const first = entry.target ?? '';
    const made = this.#placed(entry, step.root, place);
    const key = `${step.root}\0${first}`;
    const standIn = isLinkInside(this.#request.survey, step) ? first : this.#standIns.get(key);
    if (standIn !== undefined) {
      await tar.header({ ...made, target: this.#renamed(standIn, step.root, place) });
      return;
    }
    const source = this.#survey.orphans.get(first)?.source ?? null;
    if (source === null) throw new OpError('unsafe_archive', `a hard link leads to no file of the backup`);
    this.#standIns.set(key, entry.path);
    if (source.kind === 'f') await this.#makeFile(tar, source, { ...made, kind: 'f', size: source.size, target: null });
    else await tar.header({ ...made, kind: 'l', target: source.target });
  }

  #placed(entry: FileEntry, root: string, place: Place): FileEntry {
    const path = this.#renamed(entry.path, root, place);
    const target = entry.kind === 'h' ? this.#renamed(entry.target ?? '', root, place) : entry.target;
    return { ...entry, path, target, mode: this.#safeMode(entry) };
  }

  #renamed(path: string, root: string, place: Place): string {
    return root === place.rootName ? path : place.rootName + path.slice(root.length);
  }

  /** A set-uid file that is not given back to its owner must not run as whoever restores it. */
  #safeMode(entry: FileEntry): number {
    return this.#request.restoreOwner || entry.kind === 'd' || entry.uid === this.#uid
      ? entry.mode
      : entry.mode & 0o1777;
  }

  async #tarIn(cwd: string): Promise<TarExtract> {
    if (this.#tar !== null && this.#cwd === cwd) return this.#tar;
    await this.#tar?.finish();
    this.#cwd = cwd;
    this.#tar = new TarExtract({ cwd, owner: this.#request.restoreOwner, signal: this.#context.signal });
    return this.#tar;
  }
}
