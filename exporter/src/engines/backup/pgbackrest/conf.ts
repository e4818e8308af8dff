import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { PostgresTarget } from '../../postgres-target.ts';
import type { PgbackrestSettings, ProductRef, RemoteStore, RepositoryPlace } from '../product.ts';
import { hasBlockIncremental } from './version.ts';

/** The file that pgBackRest is run with, as text: every repository of the service in one, so that the server pushes its WAL to all. */

export const configName = 'pgbackrest.conf';

/**
 * Genesis decides what expires (it knows what is kept, verified and built upon) and removes backups one by one. With a count that
 * is never reached pgBackRest keeps every full by itself, and still removes WAL that no backup needs any more.
 */
const neverByCount = 9_999_999;

/** What the engine needs of a product reference; both are set for every service of this engine. */
export interface Stanza {
  readonly product: ProductRef;
  readonly postgres: PostgresTarget;
  readonly settings: PgbackrestSettings;
}

/** Of the file with one repository alone. */
export function aloneName(index: number): string {
  return `pgbackrest-repo${repositoryNumber(index)}.conf`;
}

export function repositoryNumber(index: number): number {
  return index + 1;
}

/**
 * `only`: with that repository alone, for commands that else work on all of them, of which one may be away. Errors: `config_invalid`
 * where a value cannot stand in the file; the message names the repository, never the value.
 */
export function configText(stanza: Stanza, version: string, only: number | null = null): Outcome<string> {
  const { product, postgres, settings } = stanza;
  const lines: string[] = ['# Written by Genesis: changes are lost.', '[global]'];
  const add = (name: string, value: string | number): void => void lines.push(`${name}=${value}`);
  for (const [index, place] of product.places.entries()) {
    if (only !== null && index !== only) continue;
    const pairs = repositoryPairs(place);
    if (!pairs.ok) return pairs;
    const prefix = `repo${repositoryNumber(index)}`;
    for (const [name, value] of pairs.value) {
      if (!isSafeValue(value))
        return fail(
          'config_invalid',
          `${name} of the repository ${place.name} begins or ends with a space or holds a line break: pgBackRest cannot read that`,
        );
      add(`${prefix}-${name}`, value);
    }
    add(`${prefix}-retention-full`, neverByCount);
    if (!hasBlockIncremental(version)) continue;
    add(`${prefix}-bundle`, 'y');
    add(`${prefix}-block`, 'y');
  }
  add('process-max', settings.processMax);
  add('compress-type', 'zst');
  add('archive-timeout', archiveTimeoutSeconds(stanza));
  // Four times its own 60 s is longer than Genesis waits for an answer: it would never learn why a store cannot be reached.
  add('io-timeout', settings.ioTimeoutSeconds);
  add('lock-path', `${product.folder}/lock`);
  add('log-path', `${product.folder}/log`);
  add('spool-path', `${product.folder}/spool`);
  // What a command said is read from its output; a log file beside it would only grow.
  add('log-level-file', 'off');
  // Without it a repository that is away would end archiving into the others too: the server asks again for the same segment for ever.
  lines.push('', '[global:archive-push]', 'archive-async=y');
  add('io-timeout', pushTimeoutSeconds(settings));
  // Its helper that comes while a stanza is made finds the lock taken and ends without a word; whoever waits for it would do so for this long.
  if (product.places.every(({ remote }) => remote === null)) add('archive-timeout', localPushSeconds);
  lines.push('', `[${settings.stanza}]`);
  if (postgres.data !== null) add('pg1-path', postgres.data);
  add('pg1-port', postgres.port);
  if (postgres.host.startsWith('/')) add('pg1-socket-path', postgres.host);
  add('pg1-user', postgres.user);
  add('pg1-database', postgres.database);
  return ok(`${lines.join('\n')}\n`);
}

/** A folder takes a segment within this; else the server asks again, and what its helper has done meanwhile counts. */
const localPushSeconds = 10;

/**
 * Before a segment goes anywhere every repository is asked for its `archive.info`: 8.6 times this long where a store is away. A segment
 * that comes just after such a run began waits for the next one, so that WAL reaches the other repositories after up to 23 times.
 */
function pushTimeoutSeconds({ ioTimeoutSeconds }: PgbackrestSettings): number {
  return Math.min(ioTimeoutSeconds, 5);
}

/** How long a backup waits for its WAL: a store that is away must not end the backups into the other repositories. */
export function archiveTimeoutSeconds({ product: { places }, settings }: Stanza): number {
  const mayBeHeldUp = places.length > 1 && places.some(({ remote }) => remote !== null);
  return settings.archiveTimeoutSeconds + (mayBeHeldUp ? Math.ceil(25 * pushTimeoutSeconds(settings)) : 0);
}

/** The file is read line by line and trimmed: what would change on the way is refused. */
function isSafeValue(value: string): boolean {
  return value !== '' && value === value.trim() && !/[\r\n\0]/.test(value);
}

function repositoryPairs({ name, path, remote, passphrase }: RepositoryPlace): Outcome<[string, string][]> {
  const stored = remotePairs(name, remote);
  if (!stored.ok) return stored;
  const cipher: [string, string][] =
    passphrase === null
      ? []
      : [
          ['cipher-type', 'aes-256-cbc'],
          ['cipher-pass', passphrase],
        ];
  return ok([['path', path.startsWith('/') ? path : `/${path}`], ...stored.value, ...cipher]);
}

function remotePairs(name: string, remote: RemoteStore | null): Outcome<[string, string][]> {
  switch (remote?.type) {
    case undefined:
      return ok([['type', 'posix']]);
    case 's3':
      return ok([
        ['type', 's3'],
        ['s3-bucket', remote.bucket],
        ...hostPairs('s3-endpoint', remote.endpoint),
        ['s3-region', remote.region],
        ['s3-key', remote.accessKey],
        ['s3-key-secret', remote.secretKey],
        ['s3-uri-style', remote.uriStyle],
        ...tlsPairs(remote),
      ]);
    case 'azure':
      return ok([
        ['type', 'azure'],
        ['azure-container', remote.container],
        ['azure-account', remote.account],
        ['azure-key', remote.key],
        ['azure-key-type', 'shared'],
        ...(remote.endpoint === null ? [] : hostPairs('azure-endpoint', remote.endpoint)),
        ['azure-uri-style', remote.uriStyle],
        ...tlsPairs(remote),
      ]);
    case 'gcs':
      return ok([
        ['type', 'gcs'],
        ['gcs-bucket', remote.bucket],
        ['gcs-key-type', 'service'],
        ['gcs-key', remote.keyFile],
      ]);
    case 'sftp':
    case 'rest':
      return fail(
        'config_invalid',
        `the repository ${name} is of the type ${remote.type}: only the engine restic has it`,
      );
  }
}

/** The port has an option of its own. */
function hostPairs(option: string, endpoint: string): [string, string][] {
  const match = /^(?<host>.+?):(?<port>\d{1,5})$/.exec(endpoint);
  if (match?.groups === undefined) return [[option, endpoint]];
  return [
    [option, match.groups['host'] ?? endpoint],
    ['storage-port', match.groups['port'] ?? '443'],
  ];
}

function tlsPairs({ verifyTls, caFile }: { verifyTls: boolean; caFile: string | null }): [string, string][] {
  return [
    ['storage-verify-tls', verifyTls ? 'y' : 'n'],
    ...(caFile === null ? [] : ([['storage-ca-file', caFile]] as [string, string][])),
  ];
}

/** Texts of the file that must never be shown: replaced in every output that is kept. */
export function secretsOf({ product, postgres }: Stanza): string[] {
  return [
    postgres.password,
    ...product.places.flatMap(({ passphrase, remote }) => [
      passphrase,
      ...(remote?.type === 's3' ? [remote.accessKey, remote.secretKey] : []),
      ...(remote?.type === 'azure' ? [remote.key] : []),
    ]),
  ].filter((text): text is string => text !== null && text !== '');
}

/**
 * The `archive_command` of the server: what an operator sets once in postgresql.conf (with `archive_mode = on`), as it stands between
 * the quotes of that file's value before they are doubled. The server's own user has to be able to read the folder.
 */
export function archiveCommand(folder: string, stanza: string, program: string): string {
  return [program, `--config=${folder}/${configName}`, `--stanza=${stanza}`, 'archive-push']
    .map(shellWord)
    .concat('%p')
    .join(' ');
}

/** The server replaces %p, %f and %r, and hands the rest to a shell. */
function shellWord(text: string): string {
  const percent = text.replaceAll('%', '%%');
  return /^[\w@%+=:,./-]+$/.test(percent) ? percent : `'${percent.replaceAll("'", `'\\''`)}'`;
}
