import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import type { z } from 'zod';
import { fail, ok, toOpError } from '../contract/errors.ts';
import type { Outcome, OpError } from '../contract/errors.ts';
import { locate } from './faults.ts';
import type { Fault, FoundFault } from './faults.ts';
import { findInsecurity } from './permissions.ts';
import { checkPlaces, restoreRootsOf } from './places.ts';
import { checkRelations } from './relations.ts';
import type { Checkable, Found, IndexedService } from './relations.ts';
import { rawAt, schemaFaults } from './schema-faults.ts';
import { GrafanaServer } from './schema-grafana.ts';
import { PrometheusServer } from './schema-sla.ts';
import { AlertmanagerConfig, Api, Config, Service } from './schema.ts';
import { readSecret } from './secrets.ts';
import type { Environment } from './secrets.ts';

const fileBytesMax = 1024 * 1024;
const encryptionKeyLengthMin = 16;

export interface LoadedConfig {
  readonly config: Config;
  /** Allowed, but surely not meant; to be shown. */
  readonly warnings: readonly Fault[];
  /** SHA-256 (hex) of the parsed configuration: comments and order do not change it. */
  readonly hash: string;
  readonly path: string;
  /** The text behind `env:NAME` or `file:/path` as it was when the file was loaded; others are read now. Never log it. */
  resolveSecret(ref: string): Outcome<string>;
}

export interface LoadOptions {
  /** Home that unset folders default to; default GENESIS_HOME. Without either those folders are not compared. */
  readonly home?: string;
  /** Seconds that the newest backup of each service took, by name. */
  readonly lastDurations?: Readonly<Record<string, number>>;
}

interface Context {
  readonly env: Environment;
  readonly uid: number;
  readonly home: string | null;
  readonly lastDurations: Readonly<Record<string, number>>;
}

/**
 * Reads and checks genesis.yaml. Everything wrong is found in one go: `details.faults` (Fault[]) of the error names each with
 * path, place, value and mend, `details.warnings` likewise. An empty file is valid.
 * Errors: config_unreadable; config_insecure (only insecure permissions or addresses were found); config_invalid.
 */
export function loadConfig(file: string, env: Environment, options: LoadOptions = {}): Outcome<LoadedConfig> {
  const path = resolve(file);
  const uid = process.getuid?.() ?? 0;
  const home = options.home ?? env['GENESIS_HOME'] ?? null;
  const context: Context = { env, uid, home, lastDurations: options.lastDurations ?? {} };
  try {
    const insecurity = findInsecurity(path, uid, { secret: false });
    // A file that others can write is not even parsed: what it says is not the operator's word.
    if (insecurity !== null)
      return invalid(path, [locate({ ...insecurity, code: 'config_insecure', path: [] }, null, new LineCounter())], []);
    if (statSync(path).size > fileBytesMax) return fail('config_unreadable', `${path} is larger than 1 MiB`);
    return checkText(readFileSync(path, 'utf8'), path, context);
  } catch (thrown) {
    const error = toOpError(thrown, 'config_unreadable');
    if (error.code !== 'config_unreadable') return { ok: false, error };
    return fail('config_unreadable', error.message, {
      cause: thrown,
      ...(error.details === undefined ? {} : { details: error.details }),
    });
  }
}

function checkText(text: string, path: string, context: Context): Outcome<LoadedConfig> {
  const lines = new LineCounter();
  const parsed = parseYaml(text, lines);
  if (parsed.faults.length > 0) return invalid(path, parsed.faults, []);
  const raw = withListen(parsed.raw, context.env);
  const whole = Config.safeParse(raw);
  const secrets = new Map<string, string>();
  const found: Found[] = whole.success
    ? []
    : schemaFaults(whole.error, raw).map((fault) => ({ ...fault, severity: 'fault' }));
  const parts = checkableParts(raw, context);
  found.push(...checkRelations(parts));
  found.push(...checkPlaces(parts, { home: context.home, searchPath: context.env['PATH'] ?? '' }));
  found.push(...checkSecrets(parts, context, secrets));
  const place = (fault: FoundFault): Fault => locate(fault, parsed.doc, lines);
  const faults = found.filter((one) => one.severity === 'fault').map(place);
  const warnings = found.filter((one) => one.severity === 'warning').map(place);
  if (faults.length > 0 || !whole.success) return invalid(path, faults, warnings);
  return ok(loaded(whole.data, path, warnings, secrets, context));
}

function loaded(
  config: Config,
  path: string,
  warnings: readonly Fault[],
  secrets: ReadonlyMap<string, string>,
  { env, uid }: Context,
): LoadedConfig {
  const resolveSecret = (ref: string): Outcome<string> => {
    const text = secrets.get(ref);
    return text === undefined ? readSecret(ref, env, uid) : ok(text);
  };
  return { config, warnings, hash: configHash(config), path, resolveSecret };
}

interface ParsedYaml {
  readonly doc: Document.Parsed;
  readonly raw: unknown;
  readonly faults: readonly Fault[];
}

function parseYaml(text: string, lines: LineCounter): ParsedYaml {
  // prettyErrors would put lines of the file, perhaps with a secret, into the message.
  const doc = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const faults = [...doc.errors, ...doc.warnings].map((error): Fault => {
    const { line, col } = lines.linePos(error.pos[0]);
    const mend =
      error.code === 'DUPLICATE_KEY'
        ? 'keep one of the two'
        : 'correct the YAML here; indent with spaces, quote texts that hold ": ", "#" or "*"';
    return {
      code: 'config_invalid',
      path: '',
      line,
      column: col,
      value: null,
      message: `YAML: ${error.message}`,
      mend,
    };
  });
  if (faults.length > 0) return { doc, raw: null, faults };
  try {
    return { doc, raw: (doc.toJS({ maxAliasCount: 100 }) as unknown) ?? {}, faults };
  } catch (thrown) {
    const message = `YAML: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
    return {
      doc,
      raw: null,
      faults: [
        locate({ path: [], message, mend: 'define each anchor before its use, and use fewer aliases' }, doc, lines),
      ],
    };
  }
}

/** GENESIS_LISTEN wins over api.listen and is checked as if it stood there. */
function withListen(raw: unknown, env: Environment): unknown {
  const listen = env['GENESIS_LISTEN'];
  const api = rawAt(raw, ['api']) ?? {};
  if (listen === undefined || listen === '' || !isMapping(raw) || !isMapping(api)) return raw;
  return { ...raw, api: { ...api, listen } };
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Gives later findings their place in the text. */
export function placeFaults(text: string, found: readonly FoundFault[]): Fault[] {
  const lines = new LineCounter();
  const { doc } = parseYaml(text, lines);
  return found.map((fault) => locate(fault, doc, lines));
}

/** Parses each part by itself, so that one misspelt key does not hide what else is wrong. */
function checkableParts(raw: unknown, { env, home, lastDurations }: Context): Checkable {
  const list = rawAt(raw, ['services']);
  const services = (Array.isArray(list) ? list : []).flatMap((one, index): IndexedService[] => {
    const service = Service.safeParse(one);
    return service.success ? [{ index, service: service.data }] : [];
  });
  const restore = Config.shape.restore.safeParse(rawAt(raw, ['restore']));
  return {
    raw,
    services,
    api: parsedOrNull(Api, rawAt(raw, ['api'])),
    alertmanager: parsedOrNull(AlertmanagerConfig, rawAt(raw, ['alertmanager'])),
    prometheus: parsedOrNull(PrometheusServer, rawAt(raw, ['prometheus'])),
    grafana: parsedOrNull(GrafanaServer, rawAt(raw, ['grafana'])),
    restoreRoots: !restore.success
      ? []
      : home === null
        ? restore.data.roots
        : restoreRootsOf({ restore: restore.data }, home),
    lastDurations,
    listenSource: env['GENESIS_LISTEN'] ? 'GENESIS_LISTEN' : 'api.listen',
  };
}

function parsedOrNull<S extends z.ZodType>(schema: S, raw: unknown): z.output<S> | null {
  const parsed = schema.safeParse(raw);
  return parsed.success ? parsed.data : null;
}

function* checkSecrets(parts: Checkable, { env, uid }: Context, secrets: Map<string, string>): Generator<Found> {
  for (const { index, service } of parts.services) {
    const ref = service.backup.encryption?.key;
    if (ref === undefined) continue;
    const path = ['services', index, 'backup', 'encryption', 'key'];
    const secret = readSecret(ref, env, uid);
    if (!secret.ok) yield secretFault(path, ref, secret.error);
    else if (secret.value.length < encryptionKeyLengthMin) {
      const message = `the encryption key is shorter than ${encryptionKeyLengthMin} characters`;
      yield { severity: 'fault', path, value: ref, message, mend: 'make one with `genesis key generate`' };
    } else secrets.set(ref, secret.value);
  }
  const tls = parts.api?.tls ?? null;
  if (tls === null) return;
  const key = readSecret(`file:${tls.key}`, env, uid);
  if (!key.ok) yield secretFault(['api', 'tls', 'key'], tls.key, key.error);
  if (!existsSync(tls.cert)) {
    yield {
      severity: 'fault',
      path: ['api', 'tls', 'cert'],
      value: tls.cert,
      message: `${tls.cert} does not exist`,
      mend: 'name the file with the certificate chain',
    };
  }
}

function secretFault(path: Found['path'], ref: string, error: OpError): Found {
  const mend = error.details?.['mend'];
  return {
    severity: 'fault',
    code: error.code === 'config_insecure' ? 'config_insecure' : 'config_invalid',
    path,
    value: ref,
    message: error.message,
    mend:
      typeof mend === 'string' ? mend : 'set the variable, or create the file with mode 0600, before genesis starts',
  };
}

function invalid(path: string, faults: readonly Fault[], warnings: readonly Fault[]): Outcome<never> {
  const code = faults.every((fault) => fault.code === 'config_insecure') ? 'config_insecure' : 'config_invalid';
  const [first] = faults;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  const where = first === undefined || first.path === '' ? '' : `${first.path}: `;
  return fail(code, `${path}: ${where}${first?.message ?? 'is not valid'}${more}`, { details: { faults, warnings } });
}

/** SHA-256 (hex) of a configuration in canonical JSON (keys sorted). */
export function configHash(config: Config): string {
  const sorted = (_key: string, value: unknown): unknown =>
    isMapping(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
  return createHash('sha256').update(JSON.stringify(config, sorted)).digest('hex');
}

/** One line a fault: `12:5 services[0].name: message [value] → mend`. */
export function formatFault(fault: Fault): string {
  const place = fault.line === null ? '' : `${fault.line}:${fault.column ?? 1} `;
  const where = fault.path === '' ? '' : `${fault.path}: `;
  const value = fault.value === null ? '' : ` [${fault.value}]`;
  return `${place}${where}${fault.message}${value} → ${fault.mend}`;
}
