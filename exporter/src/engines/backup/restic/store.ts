import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { OpError } from '../../../contract/errors.ts';
import type { RepositoryRef } from '../port.ts';
import type { ProductRef, RemoteStore, RepositoryPlace, ResticSettings } from '../product.ts';

/** One repository as restic is told of it. Pure. */
export interface ResticStore {
  readonly ref: ProductRef;
  readonly settings: ResticSettings;
  readonly place: RepositoryPlace;
  /** Never in argv or messages; RESTIC_PASSWORD. */
  readonly passphrase: string;
  readonly url: string;
  /** Options that stand before the command. */
  readonly options: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Texts that must not be seen in any output. */
  readonly secrets: readonly string[];
}

/** Throws `config_invalid`; `key_missing`: restic always encrypts. */
export function storeOf(repository: RepositoryRef): ResticStore {
  const ref = repository.product;
  const settings = ref?.restic ?? null;
  const place = ref?.places[ref.index];
  if (ref === undefined || settings === null || place === undefined)
    throw new OpError('config_invalid', 'the engine restic was given no settings');
  if (place.passphrase === null) throw new OpError('key_missing', 'restic always encrypts: set backup.encryption.key');
  const { remote } = place;
  return {
    ref,
    settings,
    place,
    passphrase: place.passphrase,
    url: urlOf(place.path, remote),
    options: [...tlsOptions(remote), ...storeOptions(remote)],
    environment: {
      RESTIC_PASSWORD: place.passphrase,
      RESTIC_CACHE_DIR: join(ref.folder, 'restic-cache'),
      RESTIC_PROGRESS_FPS: '1',
      ...credentials(remote),
    },
    secrets: [place.passphrase, ...secretsOf(remote)],
  };
}

/** Names a store and its passphrase: with another one it is another store, and what one could read the other may not. */
export function storeKey(store: ResticStore): string {
  return createHash('sha256').update(`${store.url}\0${store.passphrase}`).digest('hex');
}

function trimmed(path: string): string {
  return path.replace(/^\/+|\/+$/g, '');
}

export function urlOf(path: string, remote: RemoteStore | null): string {
  if (remote === null) return path;
  switch (remote.type) {
    case 's3': {
      const endpoint = /^https?:\/\//.test(remote.endpoint) ? remote.endpoint : `https://${remote.endpoint}`;
      return `s3:${endpoint.replace(/\/+$/, '')}/${remote.bucket}/${trimmed(path)}`;
    }
    case 'azure':
      if (remote.endpoint !== null)
        throw new OpError('not_supported', 'restic 0.14 reaches only Azure’s own endpoint: leave azure.endpoint out');
      return `azure:${remote.container}:/${trimmed(path)}`;
    case 'gcs':
      return `gs:${remote.bucket}:/${trimmed(path)}`;
    case 'sftp':
      return `sftp://${remote.user === null ? '' : `${remote.user}@`}${remote.host}:${remote.port}/${path}`;
    case 'rest':
      return `rest:${remote.url.replace(/\/+$/, '')}/${trimmed(path)}`;
  }
}

function tlsOptions(remote: RemoteStore | null): readonly string[] {
  if (remote?.type !== 's3' && remote?.type !== 'azure') return [];
  return [
    ...(remote.verifyTls ? [] : ['--insecure-tls']),
    ...(remote.caFile === null ? [] : [`--cacert=${remote.caFile}`]),
  ];
}

function storeOptions(remote: RemoteStore | null): readonly string[] {
  if (remote?.type === 's3')
    return [
      '-o',
      `s3.bucket-lookup=${remote.uriStyle === 'path' ? 'path' : 'dns'}`,
      '-o',
      `s3.region=${remote.region}`,
    ];
  if (remote?.type !== 'sftp') return [];
  const user = remote.user === null ? '' : `${remote.user}@`;
  // Nobody is there to type a password or to look at a fingerprint.
  return ['-o', `sftp.command=ssh -o BatchMode=yes -p ${remote.port} ${user}${remote.host} -s sftp`];
}

function credentials(remote: RemoteStore | null): Readonly<Record<string, string>> {
  switch (remote?.type) {
    case 's3':
      return {
        AWS_ACCESS_KEY_ID: remote.accessKey,
        AWS_SECRET_ACCESS_KEY: remote.secretKey,
        AWS_DEFAULT_REGION: remote.region,
      };
    case 'azure':
      return { AZURE_ACCOUNT_NAME: remote.account, AZURE_ACCOUNT_KEY: remote.key };
    case 'gcs':
      return { GOOGLE_APPLICATION_CREDENTIALS: remote.keyFile };
    default:
      return {};
  }
}

function secretsOf(remote: RemoteStore | null): readonly string[] {
  if (remote?.type === 's3') return [remote.secretKey, remote.accessKey];
  return remote?.type === 'azure' ? [remote.key] : [];
}

/**
 * The environment of a command that reads one store and writes another. Throws `not_supported` where both need the same variables
 * with other values: restic has one set of credentials a kind of store.
 */
export function bothEnvironments(from: ResticStore, to: ResticStore): Readonly<Record<string, string>> {
  const source = credentials(from.place.remote);
  for (const [name, value] of Object.entries(credentials(to.place.remote))) {
    if (source[name] !== undefined && source[name] !== value)
      throw new OpError(
        'not_supported',
        `restic cannot copy between two ${to.place.remote?.type} stores with different credentials`,
      );
  }
  return { ...source, ...to.environment, RESTIC_FROM_PASSWORD: from.passphrase };
}

/** A path in a pattern of restic (Go's filepath.Match): what means something there is escaped. */
export function escapePattern(path: string): string {
  return path.replaceAll(/[\\*?[]/g, (c) => `\\${c}`);
}

/** Throws `config_invalid` for what picomatch understands and restic does not. */
function checkPattern(pattern: string): void {
  if (!/[!+@]\(|\?\(|\*\(|\[!|\.\./.test(pattern)) return;
  throw new OpError('config_invalid', `restic cannot express the pattern ${pattern}: use *, **, ? and [a-z]`);
}

/** `a{b,c}d` to `abd`, `acd`; restic knows no braces. */
export function expandBraces(pattern: string): readonly string[] {
  const group = /\{([^{}]*,[^{}]*)\}/.exec(pattern);
  if (group === null) return [pattern];
  const [whole, inner = ''] = group;
  return inner
    .split(',')
    .flatMap((part) => expandBraces(pattern.slice(0, group.index) + part + pattern.slice(group.index + whole.length)));
}

/** Patterns against paths below `root` (absolute), as restic takes them: absolute ones. */
export function patternsBelow(root: string, patterns: readonly string[]): readonly string[] {
  return patterns.flatMap((pattern) => {
    // Of the configuration: one absolute path, no pattern.
    if (pattern.startsWith('/')) return [escapePattern(pattern)];
    checkPattern(pattern);
    const base = escapePattern(root === '/' ? '' : root);
    return expandBraces(pattern.replace(/\/+$/, '')).map((p) => `${base}/${p}`);
  });
}
