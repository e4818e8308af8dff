import { createHash, randomBytes } from 'node:crypto';
import { OpError } from '../../../contract/errors.ts';
import type { Selection } from '../port.ts';
import { toText, type FileEntry } from './entries.ts';
import { frameIndex } from './content.ts';
import type { ManifestComponent } from './format.ts';
import { checkCancelled, type JobContext } from './job-context.ts';
import { readList } from './list-read.ts';
import { createPathFilter, selectedComponents, TreeWalk, type PathFilter, type Step } from './select.ts';
import { listSource, componentOf, type Chain } from './stored-chain.ts';

/** Space is counted in blocks of this size: what ext4, xfs and btrfs take for the smallest file or folder. */
export const fsBlockBytes = 4096;
/** Header blocks of an entry, at most for names of usual length: only a hint for reading ahead. */
const headerBytes = 2048;

/** A further name whose first name is not restored with it: the content comes along as a file of its own. */
export interface Orphan {
  /** The entry that holds the content; null until the second look at the list found it. */
  source: FileEntry | null;
}

export interface ComponentSurvey {
  readonly component: ManifestComponent;
  /** Selected entries, implied folders included. */
  entries: number;
  bytes: number;
  /** Upper bound of what the entries take on disk. */
  diskBytes: number;
  /** By holder, one byte a frame of its archive: 1 where it will be read. */
  readonly needed: Map<number, Uint8Array>;
  /** By path of the first name. */
  readonly orphans: Map<string, Orphan>;
  /** Roots with something selected in them (binary strings), and what that takes on disk at most, bytes. */
  readonly roots: Map<string, number>;
  /** Where selected subtrees begin, in path order; a whole root is one. Only counted when asked for. */
  readonly tops: FileEntry[];
}

export interface SurveyRequest {
  readonly chain: Chain;
  readonly selection: Selection;
  /** Roots by component (binary strings) to which the restore is limited; null for all. */
  readonly wantedRoots: ReadonlyMap<string, ReadonlySet<string>> | null;
  /** Whether a further name may link to a first name in another root. */
  readonly linksAcrossRoots: boolean;
}

export interface Survey {
  readonly filter: PathFilter;
  readonly linksAcrossRoots: boolean;
  readonly components: readonly ComponentSurvey[];
  readonly entries: number;
  readonly bytes: number;
  readonly diskBytes: number;
  /** Compressed bytes of the frames and lists that will be read. */
  readonly readBytes: number;
}

export function whereOf(chain: Chain, component: ManifestComponent): string {
  return `${chain.target.id}, component ${component.name}`;
}

/**
 * First look at the lists: everything is checked and counted before anything is written.
 * Throws `not_found` (the selection meets nothing), `unsafe_archive`, `backup_corrupt`, `cancelled`.
 */
export async function survey(request: SurveyRequest, context: JobContext): Promise<Survey> {
  const { chain, selection } = request;
  const filter = createPathFilter(selection.paths);
  const components: ComponentSurvey[] = [];
  for (const component of selectedComponents(chain.target.manifest.components, selection)) {
    if (request.wantedRoots !== null && !request.wantedRoots.has(component.name)) continue;
    components.push(await surveyComponent(request, component, filter, context));
  }
  const missing = filter.unmatched();
  if (missing.length > 0) throw new OpError('not_found', `nothing in ${chain.target.id} matches ${missing.join(', ')}`);
  const found = components.filter((c) => c.entries > 0);
  if (found.length === 0) throw new OpError('not_found', `nothing in ${chain.target.id} is selected`);
  const total = (pick: (c: ComponentSurvey) => number): number => found.reduce((sum, c) => sum + pick(c), 0);
  return {
    filter,
    linksAcrossRoots: request.linksAcrossRoots,
    components: found,
    entries: total((c) => c.entries),
    bytes: total((c) => c.bytes),
    diskBytes: total((c) => c.diskBytes),
    readBytes: total((c) => c.component.files.storedBytes + archiveBytes(chain, c)),
  };
}

function archiveBytes(chain: Chain, { component, needed }: ComponentSurvey): number {
  let sum = 0;
  for (const [holder, marks] of needed) {
    const member = chain.members[holder];
    const frames = (member && componentOf(member, component.name))?.archive.frames ?? [];
    frames.forEach((frame, index) => (sum += marks[index] === 1 ? frame[1] : 0));
  }
  return sum;
}

async function surveyComponent(
  request: SurveyRequest,
  component: ManifestComponent,
  filter: PathFilter,
  context: JobContext,
): Promise<ComponentSurvey> {
  const { chain } = request;
  const found: ComponentSurvey = {
    component,
    entries: 0,
    bytes: 0,
    diskBytes: 0,
    needed: new Map(),
    orphans: new Map(),
    roots: new Map(),
    tops: [],
  };
  const walk = new TreeWalk(
    whereOf(chain, component),
    component,
    filter,
    request.wantedRoots?.get(component.name) ?? null,
  );
  const marker = new FrameMarker(chain, component.name, found.needed);
  const links = new LinkTargets();
  for await (const { entries } of readList(listSource(chain, component))) {
    checkCancelled(context);
    for (const entry of entries) {
      const step = walk.step(entry);
      if (entry.kind === 'f') marker.check(entry);
      if (entry.kind === 'h') links.expect(entry.target ?? '');
      if (step?.selected === true) count(request, found, step, filter, marker);
    }
    context.progress({ phase: 'scan', entriesDone: found.entries, bytesDone: found.bytes, bytesTotal: null });
  }
  if (links.size > 0) await resolveLinks(chain, found, links, marker, context);
  return found;
}

function count(
  request: SurveyRequest,
  found: ComponentSurvey,
  step: Step,
  filter: PathFilter,
  marker: FrameMarker,
): void {
  const { entry } = step;
  // Further names count as well: one whose first name stays behind becomes a file of its own.
  const diskBytes = (1 + step.implied.length + Math.ceil(entry.size / fsBlockBytes)) * fsBlockBytes;
  found.entries += 1 + step.implied.length;
  found.diskBytes += diskBytes;
  found.roots.set(step.root, (found.roots.get(step.root) ?? 0) + diskBytes);
  if (step.top) found.tops.push(entry);
  if (entry.kind === 'f') {
    found.bytes += entry.size;
    marker.need(entry);
  } else if (entry.kind === 'h' && !isLinkInside({ filter, linksAcrossRoots: request.linksAcrossRoots }, step)) {
    found.orphans.set(entry.target ?? '', { source: null });
  }
}

/** Whether the first name of a hard link is restored as well, where a link can reach it. */
export function isLinkInside(
  { filter, linksAcrossRoots }: Pick<Survey, 'filter' | 'linksAcrossRoots'>,
  step: Step,
): boolean {
  const target = step.entry.target ?? '';
  const targetRoot = target.split('/', 1)[0];
  return (linksAcrossRoots || targetRoot === step.root) && filter.covers(target);
}

/**
 * Second look, only for lists with hard links: a link's first name must be a file (or symbolic link) of the same list, else
 * `tar` would be told to link something that lies outside.
 */
async function resolveLinks(
  chain: Chain,
  found: ComponentSurvey,
  links: LinkTargets,
  marker: FrameMarker,
  context: JobContext,
): Promise<void> {
  for await (const { entries } of readList(listSource(chain, found.component))) {
    checkCancelled(context);
    for (const entry of entries) {
      if (entry.kind !== 'f' && entry.kind !== 'l') continue;
      links.meet(entry.path);
      const orphan = found.orphans.get(entry.path);
      if (orphan === undefined) continue;
      orphan.source = entry;
      found.bytes += entry.size;
      if (entry.kind === 'f') marker.need(entry);
    }
  }
  if (links.size > 0) {
    throw new OpError(
      'unsafe_archive',
      `${whereOf(chain, found.component)}: ${links.size} hard links lead to no file of the backup`,
    );
  }
}

/**
 * First names of hard links, kept as 6 bytes of a keyed hash each: trees of nothing but hard links exist (rsnapshot), and a
 * million paths would not fit into the memory this runs in. The key is random, so that nobody can prepare two equal ones.
 */
class LinkTargets {
  readonly #key = randomBytes(16);
  readonly #hashes = new Set<number>();

  get size(): number {
    return this.#hashes.size;
  }

  expect(path: string): void {
    this.#hashes.add(this.#hash(path));
  }

  meet(path: string): void {
    this.#hashes.delete(this.#hash(path));
  }

  #hash(path: string): number {
    return createHash('sha256').update(this.#key).update(path, 'latin1').digest().readUIntBE(0, 6);
  }
}

/** Marks the frames that files lie in, and refuses places that no archive of the chain has. */
class FrameMarker {
  readonly #chain: Chain;
  readonly #component: string;
  readonly #needed: Map<number, Uint8Array>;
  readonly #starts = new Map<number, Float64Array>();

  constructor(chain: Chain, component: string, needed: Map<number, Uint8Array>) {
    this.#chain = chain;
    this.#component = component;
    this.#needed = needed;
  }

  check(entry: FileEntry): void {
    const starts = this.#startsOf(entry.holder);
    if (entry.offset + entry.size < (starts.at(-1) ?? 0)) return;
    const text = `${this.#chain.target.id}, component ${this.#component}: no archive of its chain holds ${toText(entry.path)}`;
    throw new OpError('backup_corrupt', text);
  }

  need(entry: FileEntry): void {
    const starts = this.#startsOf(entry.holder);
    const frames = starts.length - 1;
    let marks = this.#needed.get(entry.holder);
    if (marks === undefined) this.#needed.set(entry.holder, (marks = new Uint8Array(frames)));
    const first = frameIndex(starts, entry.offset);
    const end = Math.min(entry.offset + entry.size + headerBytes, (starts[frames] ?? 1) - 1);
    marks.fill(1, first, frameIndex(starts, end) + 1);
  }

  #startsOf(holder: number): Float64Array {
    const known = this.#starts.get(holder);
    if (known !== undefined) return known;
    const member = this.#chain.members[holder];
    const frames = (member && componentOf(member, this.#component))?.archive.frames ?? [];
    const starts = new Float64Array(frames.length + 1);
    frames.forEach((frame, index) => (starts[index + 1] = (starts[index] ?? 0) + frame[2]));
    this.#starts.set(holder, starts);
    return starts;
  }
}
