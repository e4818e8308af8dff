import { basename } from 'node:path';
import { parse } from 'yaml';

/** Kubernetes Secret that holds what the generated alertmanager.yml takes from files, a key for each file. */
export const secretName = 'genesis-dr-alertmanager';

type Fields = Readonly<Record<string, unknown>>;

interface Route extends Fields {
  readonly receiver: string;
  readonly matchers?: readonly string[];
  readonly routes?: readonly Route[];
}

interface Alertmanager {
  readonly route: Route;
  readonly receivers: readonly (Fields & { readonly name: string })[];
  readonly inhibit_rules?: readonly Fields[];
  readonly time_intervals?: readonly { readonly name: string; readonly time_intervals: readonly Fields[] }[];
}

export interface Converted {
  /** `spec` of an AlertmanagerConfig (v1alpha1). */
  readonly spec: Record<string, unknown>;
  /** Keys that the Secret needs, with the file each stands for. */
  readonly secretKeys: ReadonlyMap<string, string>;
  /** What the operator's notation cannot say, and is therefore left out. */
  readonly lost: readonly string[];
}

/**
 * The generated alertmanager.yml in the operator's notation. Throws on anything that it does not know how to write there: a
 * receiver that silently lost a field would be worse.
 */
export function toAlertmanagerConfig(text: string): Converted {
  const config = parse(text) as Alertmanager;
  const secretKeys = new Map<string, string>();
  const intervals = (config.time_intervals ?? []).map((interval) => ({
    name: interval.name,
    utc: interval.time_intervals.every(({ location }) => location === undefined || location === 'UTC'),
    timeIntervals: interval.time_intervals.map(({ location: _utc, times, ...rest }) => ({
      ...rest,
      times: (times as readonly Fields[]).map((time) => ({ startTime: time['start_time'], endTime: time['end_time'] })),
    })),
  }));
  const kept = intervals.filter(({ utc }) => utc).map(({ name, timeIntervals }) => ({ name, timeIntervals }));
  const lost = intervals.filter(({ utc }) => !utc).map(({ name }) => name);
  const spec = {
    route: routeOf(config.route, new Set(kept.map(({ name }) => name))),
    receivers: config.receivers.map(({ name, ...integrations }) => ({
      name,
      ...Object.fromEntries(
        Object.entries(integrations).map(([kind, list]) => [
          camel(kind),
          (list as readonly Fields[]).map((one) => integration(one, secretKeys)),
        ]),
      ),
    })),
    ...(config.inhibit_rules === undefined ? {} : { inhibitRules: config.inhibit_rules.map(inhibition) }),
    ...(kept.length === 0 ? {} : { muteTimeIntervals: kept }),
  };
  return {
    spec,
    secretKeys,
    lost: lost.map(
      (name) => `the time interval "${name}": the operator knows no time zone; write it in UTC to have it here`,
    ),
  };
}

const routeKeys: Readonly<Record<string, string>> = {
  receiver: 'receiver',
  group_by: 'groupBy',
  group_wait: 'groupWait',
  group_interval: 'groupInterval',
  repeat_interval: 'repeatInterval',
  continue: 'continue',
};

function routeOf(route: Route, intervals: ReadonlySet<string>): Record<string, unknown> {
  const converted: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(route)) {
    const plain = routeKeys[key];
    if (plain !== undefined) converted[plain] = value;
    else if (key === 'matchers') converted['matchers'] = (value as string[]).map(matcher);
    else if (key === 'routes') converted['routes'] = (value as Route[]).map((child) => routeOf(child, intervals));
    else if (key === 'mute_time_intervals' || key === 'active_time_intervals') {
      const names = (value as string[]).filter((name) => intervals.has(name));
      if (names.length > 0) converted[camel(key)] = names;
    } else throw new Error(`a route's ${key} has no counterpart in AlertmanagerConfig`);
  }
  return converted;
}

function inhibition(rule: Fields): Record<string, unknown> {
  const { source_matchers: source, target_matchers: target, equal, name: _unnamed, ...rest } = rule;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new Error(`an inhibition's ${unknown} has no counterpart in AlertmanagerConfig`);
  return {
    sourceMatch: (source as string[]).map(matcher),
    targetMatch: (target as string[]).map(matcher),
    ...(equal === undefined ? {} : { equal }),
  };
}

/** `alertname=~"A|B"` in parts. */
export function matcher(text: string): { name: string; matchType: string; value: string } {
  const [, name = '', matchType = '', quoted = ''] = /^(\w+)\s*(=~|!~|!=|=)\s*(".*")$/s.exec(text) ?? [];
  if (name === '') throw new Error(`cannot read the matcher ${text}`);
  return { name, matchType, value: JSON.parse(quoted) as string };
}

const secretFields: Readonly<Record<string, string>> = {
  api_url_file: 'apiURL',
  routing_key_file: 'routingKey',
  auth_password_file: 'authPassword',
  url_file: 'urlSecret',
};
const otherNames: Readonly<Record<string, string>> = { client_url: 'clientURL', require_tls: 'requireTLS' };

function integration(fields: Fields, secretKeys: Map<string, string>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]): [string, unknown] => {
      const secret = secretFields[key];
      if (secret !== undefined) return [secret, secretKey(String(value), secretKeys)];
      if (key === 'details' || key === 'headers') return [key, pairs(value as Fields)];
      if (key === 'links')
        return ['pagerDutyLinkConfigs', (value as Fields[]).map(({ href, text }) => ({ href, alt: text }))];
      return [otherNames[key] ?? camel(key), value];
    }),
  );
}

function secretKey(file: string, secretKeys: Map<string, string>): { name: string; key: string } {
  const key = basename(file).replaceAll(/[^-._a-zA-Z0-9]/g, '-');
  const before = secretKeys.get(key);
  // Two files of the same name would become one secret.
  const own =
    before === undefined || before === file ? key : file.replace(/^\//, '').replaceAll(/[^-._a-zA-Z0-9]/g, '-');
  secretKeys.set(own, file);
  return { name: secretName, key: own };
}

function pairs(fields: Fields): { key: string; value: string }[] {
  return Object.entries(fields).map(([key, value]) => ({ key, value: String(value) }));
}

function camel(key: string): string {
  return key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
