import { join } from 'node:path';
import { partialPrefix } from '../archive/layout.ts';

/**
 * The layout on disk. Marker, keys and extras are those of the engine `archive`, so that services of both engines can share a
 * repository folder; the dumps stand apart from the archives: `<repository>/pg_dump/<service>/<backup id>/`.
 */
export const dumpsFolder = 'pg_dump';
export const manifestFile = 'manifest.json';
export const configFile = 'config.yaml';
export const globalsFile = 'globals.sql';
export const rowsFile = 'rows.json';
export const copyingPrefix = '.copying-';
/** Below the service's engine folder: clear text on its way into or out of a sealed repository. */
export const stagingPrefix = 'staging-';

export function serviceDumps(repository: string, service: string): string {
  return join(repository, dumpsFolder, service);
}
export function dumpFolder(repository: string, service: string, id: string): string {
  return join(serviceDumps(repository, service), id);
}
/** Work in progress; renamed to `dumpFolder` when everything in it is durable. */
export function partialDump(repository: string, service: string, id: string): string {
  return join(serviceDumps(repository, service), partialPrefix + id);
}

/** A database's name as a name of a folder: letters, digits, `_` and `-` as they are, every other byte as %XX. */
export function folderName(database: string): string {
  return [...Buffer.from(database, 'utf8')]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[A-Za-z0-9_-]/.test(char) ? char : `%${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}
/** `pg_restore` takes it as it is: a file (custom) or a folder (directory). */
export function dumpPath(database: string): string {
  return join(folderName(database), 'dump');
}
export function rowsPath(database: string): string {
  return join(folderName(database), rowsFile);
}
