import { grafanaPrefixes, type GrafanaPrefix } from '@genesis-dr/exporter/contract/client';

/** What the connection test says of each of the three ways to the exporter. Pure. */

export interface MeAnswer {
  readonly name: string;
  readonly role: string;
  readonly version: string;
  readonly identity: {
    readonly mode: string;
    readonly verified: boolean | null;
    readonly problem: { readonly message: string; readonly hint: string } | null;
  };
}

export type Attempt =
  | { readonly ok: true; readonly me: MeAnswer }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly hint: string };

export interface Finding {
  readonly tone: 'good' | 'attention' | 'bad';
  readonly message: string;
  /** What helps; null when nothing needs help. */
  readonly hint: string | null;
}

const ranks = ['metrics', 'viewer', 'operator', 'admin'];
const tokenNames = { read: 'read token', operate: 'operate token', admin: 'admin token' } as const;

/** All that is wrong with one way; one good finding when nothing is. */
export function findingsOf(
  prefix: GrafanaPrefix,
  attempt: Attempt,
  pluginVersion: string,
  apiUrl: string,
): readonly Finding[] {
  if (!attempt.ok) return [failureOf(prefix, attempt, apiUrl)];
  const wanted = grafanaPrefixes[prefix].role;
  const { me } = attempt;
  const found: Finding[] = [];
  if (ranks.indexOf(me.role) < ranks.indexOf(wanted))
    found.push({
      tone: 'bad',
      message: `the ${tokenNames[prefix]} has the role ${me.role}; ${prefix} needs ${wanted}`,
      hint: `make one with: genesis token create grafana-${prefix} --role ${wanted}`,
    });
  if (!isSameRelease(me.version, pluginVersion))
    found.push({
      tone: 'attention',
      message: `the exporter is version ${me.version}, the plugin ${pluginVersion}`,
      hint: 'install the plugin of the same release as the exporter',
    });
  if (me.identity.problem !== null)
    found.push({
      tone: 'attention',
      message: `your name is not verified: ${me.identity.problem.message}`,
      hint: me.identity.problem.hint,
    });
  return found.length > 0
    ? found
    : [{ tone: 'good', message: `works as ${me.role}; the audit log names you ${me.name}`, hint: null }];
}

function failureOf(prefix: GrafanaPrefix, attempt: Extract<Attempt, { ok: false }>, apiUrl: string): Finding {
  const bad = (message: string, hint: string): Finding => ({ tone: 'bad', message, hint });
  switch (attempt.code) {
    case 'unauthenticated':
      return bad(
        `the exporter does not know the ${tokenNames[prefix]}, or it is revoked or expired`,
        'make a new token and enter it above',
      );
    case 'exporter_unreachable':
      return bad(
        apiUrl.startsWith('https:')
          ? 'Grafana does not reach the exporter, or does not trust its certificate'
          : 'Grafana does not reach the exporter',
        apiUrl.startsWith('https:')
          ? "check the address as seen from Grafana's machine, and that its certificate's authority is among that machine's trusted ones; Grafana's log has the reason"
          : "check the address as seen from Grafana's machine, and that the exporter listens there and not only on localhost",
      );
    case 'misdirected':
      return bad('the exporter answers, but not under this host name', attempt.hint);
    case 'permission_missing':
      return bad('Grafana refused it: your own role lacks the permission', attempt.hint);
    default:
      return bad(attempt.message, attempt.hint);
  }
}

/** Patch releases of one minor version understand each other. */
function isSameRelease(a: string, b: string): boolean {
  const minor = (version: string): string => version.split('.').slice(0, 2).join('.');
  return minor(a) === minor(b);
}

/** What is wrong with the address; null when nothing is. Secrets have no place in it: every user of the plugin can read it. */
export function apiUrlFault(text: string): string | null {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return 'must be an address like http://exporter.example:9847';
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with http:// or https://';
  if (url.username !== '' || url.password !== '') return 'must not hold a name or a password';
  if (url.search !== '' || url.hash !== '') return 'must not have a query or a fragment';
  if (url.pathname !== '/') return 'must not have a path';
  return null;
}

/** The routes are joined to it, and a slash at the end would make two. */
export function normalApiUrl(text: string): string {
  return new URL(text.trim()).origin;
}
