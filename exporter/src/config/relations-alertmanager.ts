import { readFileSync, statSync } from 'node:fs';
import type { FaultPath } from './faults.ts';
import type { Found } from './relations.ts';
import { isTimezone } from './schedule.ts';
import type { AlertmanagerConfig } from './schema-alertmanager.ts';

/** Whether the generated file may use what came with a version, e.g. `reads(config, 26)` for 0.26. */
export function reads({ version }: Pick<AlertmanagerConfig, 'version'>, minor: number): boolean {
  return Number(version.split('.')[1]) >= minor;
}

/** What cannot go together in `alertmanager`. */
export function* checkAlertmanager(config: AlertmanagerConfig): Generator<Found> {
  yield* checkAddresses(config);
  yield* checkEmail(config);
  yield* checkFileOrAddress(config);
  yield* checkQuietHours(config);
  yield* checkEscalation(config);
}

function fault(path: FaultPath, message: string, mend: string, value?: unknown): Found {
  return {
    severity: 'fault',
    path: ['alertmanager', ...path],
    message,
    mend,
    ...(value === undefined ? {} : { value }),
  };
}

function* checkAddresses({ url, webhook_url, deadman, pagerduty }: AlertmanagerConfig): Generator<Found> {
  const addresses = [
    [['url'], url],
    [['webhook_url'], webhook_url],
    [['deadman', 'url'], deadman.url],
    [['pagerduty', 'url'], pagerduty.url],
  ] as const;
  for (const [path, address] of addresses) {
    if (!/^[a-z]+:\/\/[^/]*@/i.test(address ?? '')) continue;
    yield fault(
      path,
      'holds a user or password; secrets never stand in this file',
      'take them out of the address; let the receiver trust the sender by its address or network',
    );
  }
}

function* checkEmail({ email, escalation }: AlertmanagerConfig): Generator<Found> {
  const wanted = email.to.length > 0 ? 'email.to' : escalation.email_to.length > 0 ? 'escalation.email_to' : null;
  for (const key of ['from', 'smarthost'] as const) {
    if (wanted === null || email[key] !== null) continue;
    yield fault(['email', key], `is missing, and ${wanted} is set: no e-mail could be sent`, `set email.${key}`);
  }
  if ((email.auth_username === null) === (email.auth_password_file === null)) return;
  const [given, absent] =
    email.auth_username === null ? ['auth_password_file', 'auth_username'] : ['auth_username', 'auth_password_file'];
  yield fault(['email', given], `is set but ${absent} is not: a login needs both`, `set email.${absent} as well`);
}

function* checkFileOrAddress(config: AlertmanagerConfig): Generator<Found> {
  const pairs = [
    [['webhook_url_file'], config.webhook_url_file, 'webhook_url', config.webhook_url],
    [['deadman', 'url_file'], config.deadman.url_file, 'deadman.url', config.deadman.url],
  ] as const;
  for (const [path, file, other, address] of pairs) {
    if (file === null) continue;
    if (address !== null)
      yield fault(path, `is set and ${other} as well: only one can be used`, 'remove one of the two');
    // 0.26 and 0.27 know the key, and crash when they use it (prometheus/alertmanager#3800).
    if (!reads(config, 28)) {
      yield fault(
        path,
        `does not work in Alertmanager ${config.version}`,
        `set alertmanager.version to '0.28' or later if that is what runs, or use ${other}`,
        file,
      );
    }
  }
}

function* checkQuietHours({ quiet_hours: { time_zone, periods } }: AlertmanagerConfig): Generator<Found> {
  if (!isTimezone(time_zone)) {
    yield fault(
      ['quiet_hours', 'time_zone'],
      `"${time_zone}" is not a time zone that this system knows`,
      'write an IANA name, e.g. UTC or Europe/Berlin',
      time_zone,
    );
  }
  for (const [at, { from, to }] of periods.entries()) {
    const path = ['quiet_hours', 'periods', at, 'from'];
    if (from === '24:00') yield fault(path, 'begins at the end of the day', 'write "00:00"', from);
    else if (from === to) yield fault(path, 'begins when it ends', 'write "00:00" and "24:00" for a whole day', from);
  }
}

function* checkEscalation({ escalation, ...config }: AlertmanagerConfig): Generator<Found> {
  const { receiver } = escalation;
  const reached = {
    dr_team: config.email.to.length > 0,
    dr_critical: config.slack.api_url_file !== null || config.pagerduty.routing_key_file !== null,
    dr_warning: config.slack.api_url_file !== null || config.email.to.length > 0,
    dr_escalation: escalation.email_to.length > 0 || escalation.routing_key_file !== null,
    dr_webhook: config.webhook_url !== null || config.webhook_url_file !== null,
  };
  if (receiver === null || reached[receiver]) return;
  yield {
    severity: 'warning',
    path: ['alertmanager', 'escalation', 'receiver'],
    value: receiver,
    message: `${receiver} has no target: an escalation would reach nobody by it`,
    mend: 'give it one (email, slack, pagerduty, escalation.email_to), or remove the key',
  };
}

/** Every secret that Alertmanager reads by itself, with its key below `alertmanager`. */
export function secretPaths(config: AlertmanagerConfig): readonly { readonly key: string; readonly file: string }[] {
  const files = {
    'email.auth_password_file': config.email.auth_password_file,
    'slack.api_url_file': config.slack.api_url_file,
    'pagerduty.routing_key_file': config.pagerduty.routing_key_file,
    webhook_url_file: config.webhook_url_file,
    'deadman.url_file': config.deadman.url_file,
    'escalation.routing_key_file': config.escalation.routing_key_file,
  };
  return Object.entries(files).flatMap(([key, file]) => (file === null ? [] : [{ key, file }]));
}

/** Only warnings: Alertmanager may run in a container or elsewhere, where the same path leads to another file. */
export function* checkSecretPaths(config: AlertmanagerConfig): Generator<Found> {
  for (const { key, file } of secretPaths(config)) {
    const wrong = secretFileFault(file) ?? (key === 'email.auth_password_file' ? lineEndFault(config, file) : null);
    if (wrong !== null) yield { severity: 'warning', path: ['alertmanager', ...key.split('.')], value: file, ...wrong };
  }
}

function secretFileFault(file: string): Pick<Found, 'message' | 'mend'> | null {
  try {
    const stat = statSync(file);
    if (!stat.isFile()) return { message: `${file} is not a file`, mend: 'name the file that holds the secret' };
    if (stat.size === 0) return { message: `${file} is empty`, mend: 'write the secret into it' };
    // Its group may read: that is how Alertmanager's own user gets at it.
    if ((stat.mode & 0o007) === 0) return null;
    return { message: `${file} can be read or written by everybody`, mend: `chmod o-rwx ${file}` };
  } catch (thrown) {
    const absent = (thrown as NodeJS.ErrnoException).code === 'ENOENT';
    return {
      message: absent ? `${file} does not exist here` : `${file} cannot be looked at by this user`,
      mend: 'it must be there where Alertmanager runs, readable by its user only; without it Alertmanager does not notify',
    };
  }
}

/** Other secrets are trimmed by every version. */
function lineEndFault(config: AlertmanagerConfig, file: string): Pick<Found, 'message' | 'mend'> | null {
  if (reads(config, 27) || !endsLine(file)) return null;
  return {
    message: `${file} ends with a line end, which Alertmanager before 0.27 takes for a part of the password`,
    mend: 'write it without one (printf %s), or set alertmanager.version to the later one that runs',
  };
}

function endsLine(file: string): boolean {
  try {
    return /[\r\n]$/.test(readFileSync(file, 'utf8'));
  } catch {
    return false; // not ours to read: then nothing is known about it
  }
}
