import { createHash, hash } from 'node:crypto';
import { OpError } from '../../../contract/errors.ts';
import { toText, type FileEntry } from './entries.ts';
import { damage, openFrames, releaseFrame, type FrameReader } from './frame-read.ts';
import { componentOf, type Chain } from './stored-chain.ts';

/** Decoded frames kept at most, bytes: a walk in path order goes back and forth between the archives of a chain. */
const cacheBytes = 16 * 2 ** 20;
const framesAhead = 2;
const blockBytes = 512;
/** Headers that precede a file's own: pax records and GNU long names, each at most this long. */
const maxExtraHeaders = 4;
const maxExtraHeaderBytes = 2 ** 16;
/** What eleven octal digits hold; a larger size stands in a pax record before the header. */
const maxHeaderSize = 8 ** 11 - 1;
const empty = Buffer.alloc(0);
const asked = 1;
const proved = 2;

/**
 * What is proved of a content before its end: `frames`, that every frame it lies in is stored as the manifest says (SHA-256) and that
 * a header of its size stands where the list has it; `files`, its own SHA-256 as well.
 */
export type ContentProof = 'frames' | 'files';

/** Frames that will be asked for, by holder; null when all will be. */
export type NeededFrames = ReadonlyMap<number, Uint8Array> | null;

/** Takes content in slices, each valid until the promise it returned settles (or, without one, until it returns). */
export type ContentSink = (slice: Buffer) => Promise<void> | undefined;

interface Cached {
  readonly promise: Promise<Buffer>;
  readonly bytes: number;
  buffer: Buffer | null;
}

interface Holder {
  readonly index: number;
  readonly reader: FrameReader;
  /** Raw offset of each frame, and the total as last element. */
  readonly starts: Float64Array;
  /** By frame: 0 not asked for, `asked`, `proved`. */
  readonly state: Uint8Array;
}

/** Decoded frames of several archives, the next ones read ahead; the least recently used go first. */
class FrameCache {
  readonly #needed: NeededFrames;
  /** A Map keeps the order of insertion: taking out and putting back makes it a least-recently-used list. */
  readonly #cached = new Map<string, Cached>();
  readonly #inFlight = new Set<Promise<Buffer>>();
  #bytes = 0;

  constructor(needed: NeededFrames) {
    this.#needed = needed;
  }

  get(holder: Holder, index: number): Cached {
    const last = Math.min(holder.starts.length - 2, index + framesAhead);
    for (let ahead = index + 1; ahead <= last; ahead += 1) {
      const wanted = this.#needed === null || this.#needed.get(holder.index)?.[ahead] === 1;
      if (wanted && holder.state[ahead] === 0) this.#request(holder, ahead);
    }
    const cached = this.#request(holder, index);
    this.#evict();
    return cached;
  }

  /** No read may be under way on a descriptor that is closed (and perhaps given to another file). */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#inFlight]);
  }

  #request(holder: Holder, index: number): Cached {
    const key = `${holder.index}:${index}`;
    const known = this.#cached.get(key);
    if (known !== undefined) {
      this.#cached.delete(key);
      this.#cached.set(key, known);
      return known;
    }
    const cached = this.#start(holder, index);
    holder.state[index] = asked;
    this.#cached.set(key, cached);
    this.#bytes += cached.bytes;
    return cached;
  }

  #start(holder: Holder, index: number): Cached {
    const promise = holder.reader.frame(index);
    const cached: Cached = { promise, bytes: holder.reader.frames[index]?.[2] ?? 0, buffer: null };
    this.#inFlight.add(promise);
    promise.then(
      (raw) => {
        cached.buffer = raw;
        holder.state[index] = proved;
        this.#inFlight.delete(promise);
      },
      // The failure is thrown where the frame is awaited; one read ahead in vain must not count as unhandled.
      () => this.#inFlight.delete(promise),
    );
    return cached;
  }

  #evict(): void {
    for (const [key, { bytes, buffer }] of this.#cached) {
      // The two newest stay whatever their size: the caller is looking at them.
      if (this.#bytes <= cacheBytes || this.#cached.size <= 2) return;
      this.#cached.delete(key);
      this.#bytes -= bytes;
      if (buffer !== null) releaseFrame(buffer);
    }
  }
}

/** Content of one component's files, taken from the archives of the whole chain. */
export class ContentReader {
  readonly #chain: Chain;
  readonly #component: string;
  readonly #proof: ContentProof;
  readonly #cache: FrameCache;
  readonly #holders = new Map<number, Holder>();

  constructor(chain: Chain, component: string, proof: ContentProof, needed: NeededFrames) {
    this.#chain = chain;
    this.#component = component;
    this.#proof = proof;
    this.#cache = new FrameCache(needed);
  }

  /**
   * Gives the file's content in slices. A sink sees bytes before the whole was proved, so it must write to a place that can be
   * thrown away. Throws OpError `backup_corrupt`.
   */
  async read(entry: FileEntry, sink: ContentSink): Promise<void> {
    const from = this.#holder(entry.holder);
    const start = await this.#contentOffset(from, entry);
    const first = entry.size === 0 ? empty : await this.#piece(from, start, entry.size);
    const whole = first.length === entry.size;
    if (this.#proof === 'frames') {
      if (first.length > 0) await sink(first);
      if (!whole) await this.#readOn(from, start, entry.size, first, sink);
      return;
    }
    // Most files lie in one frame: one call into the hash instead of an object with a life of its own.
    const sum = whole ? hash('sha256', first) : null;
    if (first.length > 0) await sink(first);
    const found = sum ?? (await this.#hashOn(from, start, entry.size, first, sink));
    if (found !== entry.hash) {
      throw damage(from.reader.where, `the content of ${toText(entry.path)} was changed (its SHA-256 differs)`);
    }
  }

  /** True for frames that were read and held what the index says. */
  wasProved(holder: number, index: number): boolean {
    return this.#holders.get(holder)?.state[index] === proved;
  }

  async close(): Promise<void> {
    await this.#cache.settled();
    for (const { reader } of this.#holders.values()) reader.close();
  }

  /** What follows `first`, which began at `start`. */
  async #readOn(from: Holder, start: number, size: number, first: Buffer, sink: ContentSink): Promise<void> {
    for (let got = first.length; got < size;) {
      const part = await this.#piece(from, start + got, size - got);
      await sink(part);
      got += part.length;
    }
  }

  async #hashOn(from: Holder, start: number, size: number, first: Buffer, sink: ContentSink): Promise<string> {
    const running = createHash('sha256').update(first);
    await this.#readOn(from, start, size, first, (part) => {
      running.update(part);
      return sink(part);
    });
    return running.digest('hex');
  }

  #holder(index: number): Holder {
    const known = this.#holders.get(index);
    if (known !== undefined) return known;
    const opened = openHolder(this.#chain, this.#component, index);
    this.#holders.set(index, opened);
    return opened;
  }

  /** Bytes from `offset` to the end of its frame, `most` at most. */
  async #piece(from: Holder, offset: number, most: number): Promise<Buffer> {
    const index = frameIndex(from.starts, offset);
    if (index < 0) throw damage(from.reader.where, `holds no byte ${offset}, which the file list names`);
    const cached = this.#cache.get(from, index);
    const raw = cached.buffer ?? (await cached.promise);
    const start = offset - (from.starts[index] ?? 0);
    return raw.subarray(start, Math.min(raw.length, start + most));
  }

  async #exactly(from: Holder, offset: number, length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let got = 0; got < length;) {
      const part = await this.#piece(from, offset + got, length - got);
      parts.push(part);
      got += part.length;
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  /** The list names the first header block of an entry; pax records may stand before the file's own header. */
  async #contentOffset(from: Holder, entry: FileEntry): Promise<number> {
    let at = entry.offset;
    for (let extra = 0; extra <= maxExtraHeaders; extra += 1) {
      const header = await this.#exactly(from, at, blockBytes);
      const kind = String.fromCharCode(header[156] ?? 0);
      if (kind === '0' || kind === '\0') {
        if (sizeIn(header) !== Math.min(entry.size, maxHeaderSize)) break;
        return at + blockBytes;
      }
      if (kind !== 'x' && kind !== 'L' && kind !== 'K') break;
      const length = sizeIn(header);
      if (!(length >= 0 && length <= maxExtraHeaderBytes)) break;
      at += blockBytes + Math.ceil(length / blockBytes) * blockBytes;
    }
    throw damage(from.reader.where, `has no file at byte ${entry.offset}, where the list has ${toText(entry.path)}`);
  }
}

/** Field `size` of a tar header. */
function sizeIn(header: Buffer): number {
  return Number.parseInt(header.toString('latin1', 124, 135), 8);
}

function openHolder(chain: Chain, component: string, index: number): Holder {
  const member = chain.members[index];
  const stored = member && componentOf(member, component)?.archive;
  if (member === undefined || stored === undefined) {
    throw new OpError(
      'backup_corrupt',
      `${chain.target.id}: the list of ${component} names content that no backup of its chain holds`,
    );
  }
  const reader = openFrames({ folder: member.folder, backupId: member.id, component, stored, key: chain.key });
  const starts = new Float64Array(reader.frames.length + 1);
  reader.frames.forEach((f, i) => (starts[i + 1] = (starts[i] ?? 0) + f[2]));
  return { index, reader, starts, state: new Uint8Array(reader.frames.length) };
}

/** Frame that holds the raw offset; -1 when none does. `starts` ascends and ends with the total. */
export function frameIndex(starts: Float64Array, offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  if (high < 1 || offset < 0 || offset >= (starts[high] ?? 0)) return -1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return low;
}
