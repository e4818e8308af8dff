/**
 * Every failure an operator can meet, with the HTTP status it becomes and the mend that is shown with it.
 * The code is stable: scripts and alerts may depend on it. Messages name the thing, lower case, without a full stop.
 */
export const errorCatalogue = {
  config_invalid: { status: 422, hint: 'run `genesis config check FILE`: it names every fault with its path and mend' },
  config_insecure: {
    status: 422,
    hint: 'tighten the permissions as the message says; the file names commands that will be run',
  },
  config_unreadable: { status: 422, hint: 'check that the file exists and that this user may read it' },
  home_unusable: { status: 500, hint: 'choose another folder with GENESIS_HOME or mend its owner and permissions' },
  home_locked: { status: 409, hint: 'another genesis runs on this home; talk to it, or stop it first' },
  listen_refused: { status: 500, hint: 'choose another address with GENESIS_LISTEN or api.listen' },
  state_too_new: { status: 500, hint: 'run the newer program, or go back as docs/state.md describes' },
  state_too_old: { status: 500, hint: 'start `genesis serve` once: it copies the state and upgrades it' },
  state_corrupt: { status: 500, hint: 'restore the state from a copy: `genesis catalogue rebuild --from DIR`' },
  unauthenticated: {
    status: 401,
    hint: 'send `Authorization: Bearer <token>` or open a login link from `genesis login`',
  },
  forbidden: { status: 403, hint: 'use a token whose role allows this action' },
  identity_required: {
    status: 403,
    hint: 'log in to Grafana as a person; where its proxy sends no X-Grafana-Id, set grafana.identity to warn or off',
  },
  identity_invalid: {
    status: 403,
    hint: 'reload the page in Grafana; compare grafana.root_url and grafana.org_id with it, and see that grafana.url answers',
  },
  cross_origin: { status: 403, hint: 'call the API from its own pages, or without a browser' },
  misdirected: { status: 421, hint: 'add the host name to api.hosts' },
  bad_request_target: {
    status: 400,
    hint: 'send a plain path without dot segments, double slashes, backslashes or encoded separators',
  },
  bad_request: { status: 400, hint: 'see the list of faults; /api/v1/openapi.json has the shape of every body' },
  unsupported_media_type: { status: 415, hint: 'send `Content-Type: application/json`' },
  payload_too_large: { status: 413, hint: 'send a smaller body' },
  headers_too_large: { status: 431, hint: 'send fewer or smaller headers' },
  rate_limited: { status: 429, hint: 'wait as long as Retry-After says' },
  not_found: { status: 404, hint: 'list what exists first' },
  method_not_allowed: { status: 405, hint: 'see the Allow header' },
  service_unknown: { status: 404, hint: '`genesis services` lists the configured services' },
  backup_unknown: { status: 404, hint: '`genesis backups` lists the catalogue' },
  operation_unknown: { status: 404, hint: '`genesis operations` lists them' },
  token_unknown: { status: 404, hint: '`genesis token list` lists them' },
  metric_unknown: { status: 404, hint: 'name a gauge or counter of /metrics; docs/reference/metrics.md lists them' },
  aggregation_unknown: { status: 422, hint: 'use sum, avg, min, max, count, p50, p95 or p99' },
  alert_unknown: { status: 404, hint: 'GET /api/v1/dashboard/alerts lists the alerts defined at run time' },
  alerts_exhausted: { status: 409, hint: 'delete alerts that nobody needs, or raise live.alerts' },
  confirmation_required: { status: 422, hint: 'repeat with `confirm` equal to the name of the service and a `reason`' },
  reason_required: { status: 422, hint: 'say in `reason` why this is done; it goes into the audit log' },
  plan_stale: { status: 409, hint: 'look at the new plan (dryRun) and confirm with its etag' },
  idempotency_conflict: { status: 409, hint: 'use a new Idempotency-Key for a different request' },
  operation_conflict: { status: 409, hint: 'wait for the operation that holds the service, or cancel it' },
  operation_finished: { status: 409, hint: 'it has already ended; nothing to cancel' },
  target_not_allowed: { status: 403, hint: 'restore into a new folder below restore.roots, or in place as admin' },
  target_not_empty: { status: 409, hint: 'choose a folder that does not exist yet' },
  service_paused: { status: 409, hint: 'resume the service first' },
  no_backup: { status: 404, hint: 'run `genesis backup SERVICE` first' },
  backup_kept: { status: 409, hint: 'unkeep the backup first (admin)' },
  backup_needed: { status: 409, hint: 'delete the backups that depend on it first, newest first' },
  backup_failed: { status: 500, hint: 'see the components of the operation; the previous backups are untouched' },
  backup_corrupt: { status: 422, hint: 'restore another backup or another copy; nothing was touched' },
  backup_incomplete: { status: 422, hint: 'restore another backup or another copy; nothing was touched' },
  key_missing: {
    status: 422,
    hint: 'set backup.encryption.key to the key the repository names (with --from: give --key)',
  },
  key_wrong: { status: 422, hint: 'use the key whose fingerprint the repository names' },
  format_unknown: { status: 422, hint: 'use a newer genesis' },
  unsafe_archive: { status: 422, hint: 'the archive holds an entry that would leave the target; nothing was touched' },
  repository_unreadable: { status: 500, hint: 'check that the folder is mounted and readable' },
  repository_foreign: { status: 409, hint: 'the folder holds something else; choose an empty one' },
  source_missing: { status: 500, hint: 'check the paths of the component' },
  disk_full: { status: 507, hint: 'free space or choose another folder; nothing was left half done' },
  copy_failed: { status: 500, hint: 'check that the folder of the copy is mounted and has room' },
  copy_disconnected: { status: 500, hint: 'mount the folder of the copy' },
  restore_failed: { status: 500, hint: 'the old data is still in place; see the steps of the operation' },
  recovery_target_unreachable: {
    status: 422,
    hint: 'choose a moment inside a recovery window: GET /api/v1/services/{name}/recoverable lists them; nothing was touched',
  },
  target_running: { status: 409, hint: 'stop the server that runs on the target first, or restore beside it' },
  target_foreign: { status: 409, hint: 'the target holds another cluster; restore beside it, into a new folder' },
  version_mismatch: { status: 422, hint: 'install the client programs of the server’s major version, or a newer one' },
  postgres_unreachable: { status: 502, hint: 'check host, port, role and pg_hba.conf; see postgres in genesis.yaml' },
  postgres_failed: { status: 500, hint: 'see the message of the server' },
  program_missing: { status: 500, hint: 'install the program, or name its folder in genesis.yaml' },
  wal_archiving_broken: {
    status: 500,
    hint: 'see the server’s log; `genesis postgres` compares archive_command with what it has to be',
  },
  not_configured: {
    status: 422,
    hint: 'add the section to the service in genesis.yaml (its keys: docs/guide/configuration.md) and send SIGHUP, or start again',
  },
  not_supported: { status: 422, hint: 'the engine of this service cannot do that; see its abilities in the service' },
  node_unknown: { status: 404, hint: 'the page Failover and GET /api/v1/services/{name}/failover list the nodes' },
  failover_held: { status: 409, hint: 'see the reasons; a person may go on with `force`, a reason and an approval' },
  scaling_held: { status: 409, hint: 'see the reasons; what keeps the number from changing is named with it' },
  scaling_failed: {
    status: 500,
    hint: 'see the steps of the operation: they say what was done and what was seen',
  },
  scaling_conflict: { status: 409, hint: 'somebody else changed the number meanwhile; look again, then ask again' },
  instance_not_ready: {
    status: 500,
    hint: 'the new instances were ended again; see why they did not get ready, in their own log',
  },
  no_candidate: { status: 409, hint: 'see why each node was rejected, and mend one of them' },
  failover_failed: { status: 500, hint: 'see the steps of the operation: they say what was done and what was seen' },
  fencing_unproven: {
    status: 409,
    hint: 'see to it that the old primary is down, then say so in `force` with a reason; nothing was promoted',
  },
  balancer_failed: {
    status: 502,
    hint: 'check failover.haproxy: its socket, its backend and the names of its servers',
  },
  breaker_open: { status: 503, hint: 'the circuit breaker lets calls through again at next_attempt' },
  approval_invalid: {
    status: 403,
    hint: 'another person approves, named by a verified identity, before the time is up; shared tokens cannot',
  },
  quality_low: { status: 500, hint: 'see the report of the comparison: it names tables and columns' },
  drill_failed: { status: 500, hint: 'see the evidence of the drill: it names the files that differ' },
  check_failed: { status: 500, hint: 'see the output of the check command' },
  exec_failed: { status: 500, hint: 'see the output of the command' },
  exec_timeout: { status: 500, hint: 'raise the timeout or look why the command hangs' },
  audit_unwritable: { status: 503, hint: 'actions are refused until the audit log can be written: mend the disk' },
  audit_broken: { status: 500, hint: 'the audit log was changed from outside; see `genesis audit verify`' },
  cancelled: { status: 409, hint: 'it was cancelled; what it left is said in its steps' },
  interrupted: { status: 500, hint: 'genesis ended while it ran; what it left is said in its steps' },
  streams_exhausted: { status: 503, hint: 'close an event stream, raise api.event_streams, or poll instead' },
  not_ready: { status: 503, hint: 'the first observation has not ended yet; try again in a few seconds' },
  shutting_down: { status: 503, hint: 'try again when genesis runs again' },
  server_unreachable: { status: 502, hint: 'start it with `genesis serve`' },
  io_failed: { status: 500, hint: 'see the message of the operating system' },
  internal: { status: 500, hint: 'this is a fault of genesis itself; the log has the details' },
} as const satisfies Record<string, { status: number; hint: string }>;

export type ErrorCode = keyof typeof errorCatalogue;

/** An expected failure: a value, not a bug. `details` is JSON that the API may show; it never holds a secret. */
export class OpError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { retryable?: boolean; details?: Readonly<Record<string, unknown>>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'OpError';
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.details = options.details;
  }

  /** What the operator can do about it. */
  get hint(): string {
    return errorCatalogue[this.code].hint;
  }
}

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: OpError };

export function ok<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function fail<T = never>(
  code: ErrorCode,
  message: string,
  options: { retryable?: boolean; details?: Readonly<Record<string, unknown>>; cause?: unknown } = {},
): Outcome<T> {
  return { ok: false, error: new OpError(code, message, options) };
}

/** Turns anything thrown into an OpError; node's system errors keep their code in `details.errno`. */
export function toOpError(thrown: unknown, fallback: ErrorCode = 'internal'): OpError {
  if (thrown instanceof OpError) return thrown;
  // Not `instanceof Error`: an error of another realm (a worker, a test's sandbox) is one all the same.
  if (Error.isError(thrown)) {
    const errno = (thrown as Error & { code?: unknown }).code;
    if (errno === 'ENOSPC' || errno === 'EDQUOT') return new OpError('disk_full', thrown.message, { cause: thrown });
    const code: ErrorCode =
      fallback === 'internal' && typeof errno === 'string' && /^E[A-Z]+$/.test(errno) ? 'io_failed' : fallback;
    return new OpError(code, thrown.message, { cause: thrown, ...(errno === undefined ? {} : { details: { errno } }) });
  }
  return new OpError(fallback, String(thrown));
}
