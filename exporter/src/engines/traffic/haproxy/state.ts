import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { BalancerServer, ServerState } from '../port.ts';

/** What `show servers state` and `show stat` say together. Pure. */

/** Why a server gets no connection whatever its checks say; a server can have both. */
export interface Administration {
  readonly maint: boolean;
  readonly drain: boolean;
  /** The configuration says `disabled`: a slot that stands ready for whoever comes. */
  readonly slot: boolean;
  /** Connections to it are encrypted; what by is not told. */
  readonly tls: boolean;
  /** A check of its own is configured, whether it runs now or not. */
  readonly checked: boolean;
}

export interface ServerFacts extends BalancerServer {
  readonly administration: Administration;
}

/** Bits of srv_admin_state: set by command, inherited, found by DNS. 4 only remembers that the configuration says `disabled`. */
const maintBits = 1 | 2 | 32;
const disabledBit = 4;
/** Of srv_check_state. */
const configuredBit = 2;
const drainBits = 8 | 16;

/** Every server of the backend. Error: `balancer_failed`: one of the answers is not what HAProxy 1.8 and newer say. */
export function readServers(
  backend: string,
  answers: { readonly state: string; readonly stat: string },
): Outcome<readonly ServerFacts[]> {
  const [version, header, ...lines] = answers.state.split('\n');
  const stat = rowsOf(answers.stat);
  if (version?.trim() !== '1' || !header?.startsWith('# ') || stat === null)
    return fail('balancer_failed', `HAProxy’s answer about the backend ${backend} has another form than expected`);
  const names = header.slice(2).split(' ');
  const servers = lines.filter((line) => line !== '').map((line) => zip(names, line.split(' ')));
  return ok(servers.map((server) => factsOf(backend, server, stat)));
}

type Row = Readonly<Record<string, string>>;

function zip(names: readonly string[], values: readonly string[]): Row {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}

/** The CSV of `show stat`; texts in quotes come after all that is read here, and only they may hold commas. */
export function rowsOf(csv: string): readonly Row[] | null {
  const [header, ...lines] = csv.split('\n');
  if (!header?.startsWith('# pxname,svname,')) return null;
  const names = header.slice(2).split(',');
  return lines.filter((line) => line !== '').map((line) => zip(names, line.split(',')));
}

function factsOf(backend: string, server: Row, stat: readonly Row[]): ServerFacts {
  const name = server['srv_name'] ?? '';
  const row = stat.find((one) => one['svname'] === name);
  const bits = numberOf(server['srv_admin_state']);
  const administration = {
    maint: bits !== null && (bits & maintBits) !== 0,
    drain: bits !== null && (bits & drainBits) !== 0,
    slot: bits !== null && (bits & disabledBit) !== 0,
    tls: server['srv_use_ssl'] === '1',
    checked: ((numberOf(server['srv_check_state']) ?? 0) & configuredBit) !== 0,
  };
  return {
    backend,
    name,
    state: bits === null ? 'unknown' : stateOf(administration, row),
    sessions: numberOf(row?.['scur']),
    weight: numberOf(server['srv_uweight']),
    address: addressOf(server),
    check: checkOf(row),
    administration,
  };
}

/** `unknown` where connections go to it and nobody looks whether it works: no check, or none yet. */
function stateOf({ maint, drain }: Administration, row: Row | undefined): ServerState {
  if (maint) return 'maint';
  const status = row?.['status'] ?? '';
  if (status.startsWith('DOWN')) return 'down';
  if (drain || status.startsWith('DRAIN') || status.startsWith('NOLB')) return 'drain';
  return status.startsWith('UP') && resultOf(row) !== 'INI' ? 'up' : 'unknown';
}

/** While the next check runs, the last result stands behind an asterisk. */
function resultOf(row: Row | undefined): string {
  return (row?.['check_status'] ?? '').replace(/^\* /, '');
}

/** Layers of the result: 4 TCP, 6 the TLS of the server itself, 7 its protocol; PROC: a program looked. */
function checkOf(row: Row | undefined): ServerFacts['check'] {
  if (row?.['status'] === 'no check') return 'none';
  const result = resultOf(row);
  if (/^(L6|L7|PROC)/.test(result)) return 'speaks';
  return result.startsWith('L4') ? 'connects' : null;
}

export function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}

/** A server on a Unix socket has neither. */
function addressOf(server: Row): string | null {
  const [host, port] = [server['srv_addr'] ?? '-', server['srv_port'] ?? '0'];
  if (host === '-' || port === '0') return null;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
