import type { PostgresServer } from '../../postgres-target.ts';
import type { FailoverCluster, FailoverNode } from '../port.ts';

/** How a standby reaches its primary: libpq's `name=value` text. It may hold a password: never in logs, messages or argv. Pure. */

export type Conninfo = ReadonlyMap<string, string>;

/** Empty for a text that is none, a URI for instance. */
export function parseConninfo(text: string): Conninfo {
  const parts = new Map<string, string>();
  const pattern = /\s*([a-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s\\]|\\.)*))(?=\s|$)/gy;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text))
    parts.set(match[1] ?? '', (match[2] ?? match[3] ?? '').replaceAll(/\\(.)/g, '$1'));
  return parts;
}

export function formatConninfo(parts: Conninfo): string {
  return [...parts].map(([name, value]) => `${name}=${quoteValue(value)}`).join(' ');
}

function quoteValue(value: string): string {
  return /^[\w./:@%+-]+$/.test(value) ? value : `'${value.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}

/**
 * `primary_conninfo` of `node` below `primary`: the address and the name are ours; login, TLS and patience stay as the node had them
 * unless genesis.yaml says otherwise.
 */
export function conninfoOf(
  cluster: Pick<FailoverCluster, 'replication'>,
  node: Pick<FailoverNode, 'name'>,
  primary: PostgresServer,
  before: Conninfo,
): Conninfo {
  const parts = new Map(before);
  // Of the old primary only.
  for (const name of ['hostaddr', 'dbname', 'target_session_attrs', 'fallback_application_name']) parts.delete(name);
  parts.set('host', primary.host);
  parts.set('port', String(primary.port));
  parts.set('application_name', node.name);
  const login = cluster.replication ?? (parts.has('user') ? null : primary);
  if (login !== null) {
    parts.set('user', login.user);
    if (login.password === null) parts.delete('password');
    else parts.set('password', login.password);
  }
  if (primary.tlsCa !== null && !parts.has('sslmode')) parts.set('sslmode', 'require');
  return parts;
}

/** For `--source-server` and argv of others: without the password, which goes by PGPASSWORD. */
export function publicConninfo(server: PostgresServer, name: string): string {
  const tls: [string, string][] =
    server.tlsCa === null || server.host.startsWith('/')
      ? []
      : [
          ['sslmode', 'verify-full'],
          ['sslrootcert', server.tlsCa],
        ];
  return formatConninfo(
    new Map([
      ['host', server.host],
      ['port', String(server.port)],
      ['user', server.user],
      ['dbname', server.database],
      ['application_name', name],
      ['connect_timeout', '10'],
      ...tls,
    ]),
  );
}

/** Physical slot of a node: slots know no hyphen. */
export function slotNameOf(node: Pick<FailoverNode, 'name'>): string {
  return node.name.replaceAll('-', '_');
}

/** A text as it stands in SQL and in postgresql.conf: there a backslash is an escape, in SQL it is none. */
export function sqlLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function confLiteral(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

const owned = /^\s*(primary_conninfo|primary_slot_name|recovery_target\w*)\s*[= ]/i;

/** postgresql.auto.conf of a node that follows: every other setting stays. */
export function followingConf(before: string, conninfo: Conninfo, slot: string | null): string {
  const kept = before.split('\n').filter((line) => line.trim() !== '' && !owned.test(line));
  return [
    ...kept,
    `primary_conninfo = ${confLiteral(formatConninfo(conninfo))}`,
    `primary_slot_name = ${confLiteral(slot ?? '')}`,
    '',
  ].join('\n');
}
