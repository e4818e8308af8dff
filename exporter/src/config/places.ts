import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs';
import { basename, delimiter, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { checkSecretPaths } from './relations-alertmanager.ts';
import type { Config, ServiceConfig } from './schema.ts';
import type { Checkable, Found, IndexedService } from './relations.ts';
import type { FaultPath } from './faults.ts';

export interface Surroundings {
  /** The home that unset folders default to; null when it is not known, then they are not checked. */
  readonly home: string | null;
  /** PATH of the environment, for commands that are not absolute. */
  readonly searchPath: string;
}

/** The folder of a service's backups. File archives of all services share one; products want one of their own. */
export function repositoryOf(service: ServiceConfig, home: string): string {
  const { engine, repository } = service.backup;
  return repository ?? (engine === 'archive' ? join(home, 'repository') : join(home, 'repositories', service.name));
}

/** Folders below which restores may create new ones. */
export function restoreRootsOf(config: Pick<Config, 'restore'>, home: string): readonly string[] {
  return config.restore.roots.length > 0 ? config.restore.roots : [join(home, 'restores')];
}

/** Relations between the file and this machine's folders and programs. */
export function* checkPlaces(parts: Checkable, surroundings: Surroundings): Generator<Found> {
  // For one check only: links may change before the next.
  const around = { ...surroundings, real: remembering(realPlace) };
  for (const indexed of parts.services) {
    yield* checkSources(parts, indexed, around);
    yield* checkStores(indexed, around);
    yield* checkCommands(indexed, around);
  }
  yield* sharedStores(parts, around);
  if (parts.alertmanager !== null) yield* checkSecretPaths(parts.alertmanager);
}

/** Surroundings of one check, in which a path is looked up once: a thousand services name the same folders again and again. */
interface Looked extends Surroundings {
  readonly real: (path: string) => string;
}

function remembering(look: (path: string) => string): (path: string) => string {
  const seen = new Map<string, string>();
  return (path) => {
    const real = seen.get(path) ?? look(path);
    seen.set(path, real);
    return real;
  };
}

/** Links resolved as far as the path exists, so that two names of one folder are seen as one. */
export function realPlace(path: string): string {
  const whole = resolve(path);
  try {
    return realpathSync(whole);
  } catch {
    // Not there (yet), or not ours to look into: the part above it may be.
    const parent = dirname(whole);
    return parent === whole ? whole : join(realPlace(parent), basename(whole));
  }
}

function isWithin(inner: string, outer: string): boolean {
  const way = relative(outer, inner);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

interface Place {
  readonly path: FaultPath;
  readonly label: string;
  readonly given: string;
  readonly real: string;
}

function storesOf({ index, service }: IndexedService, around: Looked): Place[] {
  const own = service.backup.repository ?? (around.home === null ? null : repositoryOf(service, around.home));
  const repository: Place[] =
    own === null || service.backup.remote !== null
      ? []
      : [
          {
            path: ['services', index, 'backup', 'repository'],
            label: 'the repository',
            given: own,
            real: around.real(own),
          },
        ];
  const copies = service.copies.flatMap((copy, at): Place[] => {
    // A path inside a store is none of this machine's.
    if (copy.remote !== null) return [];
    const path = ['services', index, 'copies', at, 'path'];
    return [{ path, label: `the copy "${copy.name}"`, given: copy.path, real: around.real(copy.path) }];
  });
  return [...repository, ...copies];
}

function sourcesOf({ index, service }: IndexedService, around: Looked): (Place & { readonly component: string })[] {
  return Object.entries(service.backup.components).flatMap(([name, component]) =>
    component.paths.map((path, at) => ({
      path: ['services', index, 'backup', 'components', name, 'paths', at],
      label: `the component "${name}"`,
      component: name,
      given: path,
      real: around.real(path),
    })),
  );
}

function* checkSources(parts: Checkable, indexed: IndexedService, around: Looked): Generator<Found> {
  const sources = sourcesOf(indexed, around);
  const stores = storesOf(indexed, around);
  for (const [at, source] of sources.entries()) {
    const { path, given: value } = source;
    if (!existsSync(value)) {
      yield {
        severity: 'warning',
        path,
        value,
        message: `${value} does not exist, or this user may not see it`,
        mend: 'create it, correct the path, or run genesis as a user that may read it',
      };
    }
    const overlap = sources
      .slice(0, at)
      .find((other) => isWithin(source.real, other.real) || isWithin(other.real, source.real));
    if (overlap !== undefined) {
      yield {
        severity: 'warning',
        path,
        value,
        message: `overlaps ${overlap.given} of ${overlap.label}: its files are backed up twice`,
        mend: 'exclude it from one of the two',
      };
    }
    for (const store of stores) {
      if (isWithin(source.real, store.real)) {
        yield {
          severity: 'fault',
          path,
          value,
          message: `lies inside ${store.label} (${store.given}): the backups would be their own source`,
          mend: 'back up a folder outside the repository and its copies',
        };
      } else if (isWithin(store.real, source.real)) {
        yield {
          severity: 'warning',
          path: store.path,
          value: store.given,
          message: `${store.label} lies inside ${source.label} (${value}); it is skipped there automatically`,
          mend: 'better keep backups outside of what they protect, on another disk',
        };
      }
    }
    const root = parts.restoreRoots.find((candidate) => isWithin(around.real(candidate), source.real));
    if (root !== undefined) {
      yield {
        severity: 'warning',
        path: ['restore', 'roots'],
        value: root,
        message: `the restore root lies inside ${source.label} (${value}): restored data would be backed up again`,
        mend: 'name a folder outside of what is protected',
      };
    }
  }
}

function* checkStores(indexed: IndexedService, around: Looked): Generator<Found> {
  const stores = storesOf(indexed, around);
  for (const [at, store] of stores.entries()) {
    for (const other of stores.slice(0, at)) {
      if (store.real === other.real) {
        yield {
          severity: 'fault',
          path: store.path,
          value: store.given,
          message: `${store.label} is the same folder as ${other.label}`,
          mend: 'give it a folder of its own, best on another disk',
        };
      } else if (isWithin(store.real, other.real) || isWithin(other.real, store.real)) {
        yield {
          severity: 'fault',
          path: store.path,
          value: store.given,
          message: `${store.label} and ${other.label} (${other.given}) lie inside each other`,
          mend: 'put them beside each other, best on different disks',
        };
      }
    }
  }
}

/** A repository names one key; two services that seal differently cannot share it. */
function* sharedStores(parts: Checkable, around: Looked): Generator<Found> {
  const first = new Map<string, { readonly name: string; readonly key: string | null }>();
  for (const indexed of parts.services) {
    const key = indexed.service.backup.encryption?.key ?? null;
    for (const store of storesOf(indexed, around)) {
      const other = first.get(store.real);
      if (other === undefined) first.set(store.real, { name: indexed.service.name, key });
      else if (other.key !== key) {
        yield {
          severity: 'fault',
          path: store.path,
          value: store.given,
          message: `${store.label} is shared with the service "${other.name}", which uses another encryption key`,
          mend: 'use the same key for both, or a folder of its own',
        };
      }
    }
  }
}

function* checkCommands({ index, service }: IndexedService, around: Looked): Generator<Found> {
  const commands = [
    [['drills', 'check', 'command'], service.drills.check?.command ?? null],
    [['restore', 'stop'], service.restore.stop],
    [['restore', 'start'], service.restore.start],
  ] as const;
  for (const [path, command] of commands) {
    const program = command?.[0];
    if (program === undefined || isProgram(program, around.searchPath)) continue;
    const message = isAbsolute(program)
      ? `${program} is not a program that this user may run`
      : `"${program}" is not absolute and not found on the PATH`;
    yield {
      severity: 'warning',
      path: ['services', index, ...path],
      value: program,
      message,
      mend: 'name the program by its absolute path, and install it',
    };
  }
}

function isProgram(program: string, searchPath: string): boolean {
  if (isAbsolute(program)) return isExecutable(program);
  if (program.includes('/')) return false;
  return searchPath.split(delimiter).some((folder) => isAbsolute(folder) && isExecutable(join(folder, program)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Absent and forbidden are the same here: it cannot be run.
    return false;
  }
}
