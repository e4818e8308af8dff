import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** In the order of preference: brotli is about a fifth smaller. */
const encodings = ['br', 'gzip'] as const;
type Encoding = (typeof encodings)[number];
const endings: Readonly<Record<Encoding, string>> = { br: '.br', gzip: '.gz' };

/** What the build of the console writes beside its files. */
const Manifest = z.object({
  format: z.literal(1),
  page: z.string(),
  /** By path below /console/assets; every name holds a hash of the content, so a path never changes its meaning. */
  files: z.record(z.string(), z.object({ type: z.string(), encodings: z.array(z.enum(encodings)) })),
});
type Manifest = z.infer<typeof Manifest>;

export interface ConsoleAsset {
  readonly body: Buffer;
  readonly type: string;
  readonly encoding: Encoding | null;
}

export interface ConsoleFiles {
  /** The page with its places for `%NONCE%` and `%BOOT%`; null where the console is not built. */
  page(): Promise<string | null>;
  /** A file in the best form that the client accepts; null where the build has no such file. */
  asset(path: string, acceptEncoding: string): Promise<ConsoleAsset | null>;
}

/** Whether an Accept-Encoding header takes an encoding; `q=0` refuses it. */
export function accepts(header: string, encoding: Encoding): boolean {
  return header.split(',').some((part) => {
    const [name, ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    return name === encoding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}

async function readManifest(folder: string): Promise<{ readonly manifest: Manifest; readonly page: string } | null> {
  try {
    const manifest = Manifest.parse(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')));
    return { manifest, page: await readFile(join(folder, manifest.page), 'utf8') };
  } catch {
    return null; // not built, or being built this moment: the page says how to build it
  }
}

async function changedAt(folder: string): Promise<number | null> {
  try {
    return (await stat(join(folder, 'manifest.json'))).mtimeMs;
  } catch {
    return null;
  }
}

/**
 * The built console in the first of `folders` that holds one. It may appear or be built anew while the server runs. Only files that
 * stand in its manifest are read, so a path from outside cannot lead elsewhere.
 */
export function createConsoleFiles(folders: readonly string[]): ConsoleFiles {
  let known: {
    readonly folder: string;
    readonly at: number;
    readonly manifest: Manifest;
    readonly page: string;
  } | null = null;
  const current = async (): Promise<typeof known> => {
    for (const folder of folders) {
      const at = await changedAt(folder);
      if (at === null) continue;
      if (known?.folder === folder && known.at === at) return known;
      const read = await readManifest(folder);
      if (read === null) continue;
      known = { folder, at, ...read };
      return known;
    }
    return (known = null);
  };
  return {
    async page() {
      return (await current())?.page ?? null;
    },
    async asset(path, acceptEncoding) {
      const found = known ?? (await current());
      const entry =
        found !== null && Object.hasOwn(found.manifest.files, path) ? found.manifest.files[path] : undefined;
      if (found === null || entry === undefined) return null;
      const encoding = encodings.find((e) => entry.encodings.includes(e) && accepts(acceptEncoding, e)) ?? null;
      const file = join(found.folder, 'assets', path + (encoding === null ? '' : endings[encoding]));
      try {
        return { body: await readFile(file), type: entry.type, encoding };
      } catch {
        return null; // replaced by a newer build; the page that asks for it reloads itself
      }
    },
  };
}
