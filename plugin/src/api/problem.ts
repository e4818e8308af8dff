import type { ErrorCode, Problem } from '@genesis-dr/exporter/contract';

/** What can go wrong between the page and the exporter, beside the exporter's own codes. */
export const pathCodes = [
  'grafana_unreachable',
  'exporter_unreachable',
  'signed_out',
  'permission_missing',
  'plugin_disabled',
  'plugin_not_set_up',
  'plugin_outdated',
  'unexpected_reply',
] as const;
export type PathCode = (typeof pathCodes)[number];

const hints: Record<PathCode, string> = {
  grafana_unreachable: 'check your network, and that the server of this page runs; the page tries again by itself',
  exporter_unreachable:
    'check that the exporter runs and that its address in Configuration is right; the page tries again by itself',
  signed_out: 'sign in again',
  permission_missing: 'ask an administrator for the permission, or use an account that has it',
  plugin_disabled: 'an administrator can enable it under Administration, Plugins',
  plugin_not_set_up: 'an administrator enters the address and the tokens of the exporter in Configuration',
  plugin_outdated: 'install the version of the plugin that belongs to this exporter',
  unexpected_reply: 'check the address in Configuration: something else than Genesis DR answered',
};

/** Any failure of a request: a sentence, a stable code, and what can be done about it. */
export class ApiError extends Error {
  readonly code: ErrorCode | PathCode;
  readonly hint: string;
  /** HTTP status; 0 when nothing answered. */
  readonly status: number;
  /** Fields that the exporter refused, with the reason. */
  readonly faults: readonly { readonly path: string; readonly message: string }[];
  readonly details: Readonly<Record<string, unknown>>;
  /** The exporter's log has the same id; null when the exporter was not reached. */
  readonly requestId: string | null;

  constructor(options: {
    code: ErrorCode | PathCode;
    message: string;
    hint: string;
    status: number;
    faults?: readonly { path: string; message: string }[] | undefined;
    details?: Readonly<Record<string, unknown>> | undefined;
    requestId?: string | null;
  }) {
    super(options.message);
    this.name = 'ApiError';
    this.code = options.code;
    this.hint = options.hint;
    this.status = options.status;
    this.faults = options.faults ?? [];
    this.details = options.details ?? {};
    this.requestId = options.requestId ?? null;
  }

  /** The exporter did not answer; what is on the page still stands. */
  get isOutage(): boolean {
    return this.code === 'grafana_unreachable' || this.code === 'exporter_unreachable' || this.code === 'shutting_down';
  }
}

/** Nothing came back in the time that a request is given. */
export const unanswered = {
  code: 'exporter_unreachable',
  message: 'the exporter takes too long to answer',
  hint: hints.exporter_unreachable,
  status: 0,
} as const;

/** What a transport throws: the shape of Grafana's FetchError, read with suspicion. */
export interface TransportFailure {
  readonly status?: number;
  readonly statusText?: string;
  readonly data?: unknown;
  readonly message?: string;
  readonly cancelled?: boolean;
}

export function isAbort(thrown: unknown): boolean {
  const failure = thrown as { name?: unknown; cancelled?: unknown } | null;
  return failure?.name === 'AbortError' || failure?.cancelled === true;
}

/** Turns whatever a request threw into an ApiError that names the broken link of the chain browser, Grafana, exporter. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  const failure = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as TransportFailure;
  const problem = problemIn(failure.data);
  if (problem !== null) {
    return new ApiError({
      code: problem.code,
      message: problem.detail,
      hint: problem.hint,
      status: problem.status,
      faults: problem.faults,
      details: problem.details,
      requestId: problem.instance.replace(/^urn:genesis:request:/, ''),
    });
  }
  return fromPath(failure, thrown);
}

function fromPath(failure: TransportFailure, thrown: unknown): ApiError {
  const status = typeof failure.status === 'number' && failure.status > 0 ? failure.status : 0;
  const said = messageIn(failure.data);
  const [code, message] = brokenLink(status, said);
  const text = code === 'unexpected_reply' && status === 0 ? String((thrown as Error)?.message ?? thrown) : message;
  return new ApiError({ code, message: text, hint: hints[code], status });
}

function brokenLink(status: number, said: string): [PathCode, string] {
  if (status === 0) return ['grafana_unreachable', 'this page gets no answer from its own server'];
  if (status === 401) return ['signed_out', 'your session has ended'];
  if (status === 403) return ['permission_missing', 'Grafana refused the request: your role lacks the permission'];
  if (status === 404 && /route match not found/i.test(said))
    return ['plugin_outdated', 'the installed plugin has no such route'];
  if (/plugin is not enabled|not found/i.test(said) && status === 404)
    return ['plugin_disabled', 'the plugin is not enabled in this organisation'];
  if (/plugin settings/i.test(said)) return ['plugin_not_set_up', 'the plugin has no settings yet'];
  if (status === 502 || status === 503 || status === 504)
    return ['exporter_unreachable', `Grafana gets no answer from the exporter (HTTP ${status})`];
  return ['unexpected_reply', `the answer was not one of the exporter's (HTTP ${status})`];
}

function problemIn(data: unknown): Problem | null {
  const value = typeof data === 'string' ? parsed(data) : data;
  if (typeof value !== 'object' || value === null) return null;
  const { type, code, detail, hint, instance } = value as Record<string, unknown>;
  const texts = [type, code, detail, hint, instance].every((part) => typeof part === 'string');
  return texts && (type as string).startsWith('urn:genesis:error:') ? (value as Problem) : null;
}

function messageIn(data: unknown): string {
  const value = typeof data === 'string' ? (parsed(data) ?? data) : data;
  const message = (value as { message?: unknown } | null)?.message;
  return typeof message === 'string' ? message : '';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // not JSON: a proxy's page, for example
  }
}
