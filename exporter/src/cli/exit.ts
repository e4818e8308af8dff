import { toOpError, type ErrorCode, type OpError } from '../contract/errors.ts';

/** What the process ends with; printed in --help and docs/reference/cli.md. Scripts may depend on them. */
export const exitCodes = {
  done: 0,
  failed: 1,
  cannotStart: 2,
  unreachable: 3,
  refused: 4,
  notFound: 5,
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export const exitCodeMeanings: readonly (readonly [ExitCode, string])[] = [
  [exitCodes.done, 'done'],
  [exitCodes.failed, 'failed: the operation failed, a check found faults, verify found damage'],
  [exitCodes.cannotStart, 'wrong usage, or cannot start (configuration, home, lock, port)'],
  [exitCodes.unreachable, 'the server cannot be reached'],
  [exitCodes.refused, 'refused: token, role, confirmation, or another operation in the way; nothing was done'],
  [exitCodes.notFound, 'the named thing does not exist'],
  [exitCodes.interrupted, 'interrupted with Ctrl-C'],
];

const byCode: Partial<Record<ErrorCode, ExitCode>> = {
  config_invalid: exitCodes.cannotStart,
  config_insecure: exitCodes.cannotStart,
  config_unreadable: exitCodes.cannotStart,
  home_unusable: exitCodes.cannotStart,
  home_locked: exitCodes.cannotStart,
  listen_refused: exitCodes.cannotStart,
  state_too_new: exitCodes.cannotStart,
  state_corrupt: exitCodes.cannotStart,
  bad_request: exitCodes.cannotStart,
  server_unreachable: exitCodes.unreachable,
  unauthenticated: exitCodes.refused,
  forbidden: exitCodes.refused,
  cross_origin: exitCodes.refused,
  misdirected: exitCodes.refused,
  rate_limited: exitCodes.refused,
  confirmation_required: exitCodes.refused,
  reason_required: exitCodes.refused,
  plan_stale: exitCodes.refused,
  idempotency_conflict: exitCodes.refused,
  operation_conflict: exitCodes.refused,
  operation_finished: exitCodes.refused,
  target_not_allowed: exitCodes.refused,
  target_not_empty: exitCodes.refused,
  backup_needed: exitCodes.refused,
  audit_unwritable: exitCodes.refused,
  shutting_down: exitCodes.refused,
  not_found: exitCodes.notFound,
  service_unknown: exitCodes.notFound,
  backup_unknown: exitCodes.notFound,
  operation_unknown: exitCodes.notFound,
  token_unknown: exitCodes.notFound,
};

/** Everything that is not about starting, reaching, being allowed or finding is a failure (1). */
export function exitCodeOf(code: ErrorCode): ExitCode {
  return byCode[code] ?? exitCodes.failed;
}

/** The error as `--json` prints it. */
export function errorDocument(error: OpError): { readonly error: Readonly<Record<string, unknown>> } {
  return {
    error: {
      code: error.code,
      message: error.message,
      hint: error.hint,
      ...(error.details === undefined ? {} : { details: error.details }),
    },
  };
}

/** For somebody at a terminal; the catalogue speaks to callers of the API. */
const hints: Partial<Record<ErrorCode, string>> = {
  bad_request: '`--help` behind the command shows what it takes',
  confirmation_required: 'repeat it with --confirm and the name of the service, and --reason',
  reason_required: 'say with --reason why this is done; it goes into the audit log',
};

/** Message, hint and code, for people. Faults that the server or the configuration listed come below, one a line. */
export function errorText(thrown: unknown): string {
  const error = toOpError(thrown);
  const faults = error.details?.['faults'];
  const lines = Array.isArray(faults) ? faults.map((fault) => `  - ${faultText(fault)}`) : [];
  return [`genesis: ${error.message} [${error.code}]`, ...lines, `  hint: ${hints[error.code] ?? error.hint}`, ''].join(
    '\n',
  );
}

/** One fault of a list: `path: message (mend)`, whatever of it is there. */
export function faultText(fault: unknown): string {
  if (typeof fault !== 'object' || fault === null) return String(fault);
  const { path, message, mend, line } = fault as Record<string, unknown>;
  const place = [
    typeof path === 'string' && path !== '' ? path : null,
    typeof line === 'number' ? `line ${line}` : null,
  ];
  const where = place.filter((part) => part !== null).join(', ');
  const what = typeof message === 'string' ? message : JSON.stringify(fault);
  return `${where === '' ? '' : `${where}: `}${what}${typeof mend === 'string' && mend !== '' ? ` (${mend})` : ''}`;
}
