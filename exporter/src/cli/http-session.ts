import { errorCatalogue, fail, ok, OpError, type ErrorCode, type Outcome } from '../contract/errors.ts';
import type { OperationRequest } from '../runtime/app.ts';
import type { Page } from '../store/port.ts';
import type { TokenReply } from '../contract/replies.ts';
import type { MaintenanceWindow, ServiceSnapshot } from '../contract/snapshot.ts';
import type { CliDeps } from './deps.ts';
import type { ActionOptions, Session } from './session.ts';

export interface Server {
  /** `http://127.0.0.1:9847`, no slash at the end. */
  readonly url: string;
  readonly token: string | null;
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';
type Call = <T>(method: Method, path: string, body?: unknown, idempotencyKey?: string | null) => Promise<Outcome<T>>;
type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

const requestTimeoutMs = 60_000;

/** One call of the API. Network failures are `server_unreachable`; problem documents keep their code, message and details. */
function createCall(fetch: CliDeps['fetch'], server: Server): Call {
  return async <T>(
    method: Method,
    path: string,
    body?: unknown,
    idempotencyKey?: string | null,
  ): Promise<Outcome<T>> => {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (server.token !== null) headers['authorization'] = `Bearer ${server.token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (idempotencyKey !== undefined && idempotencyKey !== null) headers['idempotency-key'] = idempotencyKey;
    let status: number;
    let text: string;
    try {
      const reply = await fetch(`${server.url}/api/v1${path}`, {
        method,
        headers,
        redirect: 'manual',
        signal: AbortSignal.timeout(requestTimeoutMs),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      status = reply.status;
      text = await reply.text();
    } catch (thrown) {
      return fail('server_unreachable', `${server.url} does not answer: ${reasonOf(thrown)}`, { cause: thrown });
    }
    return readReply<T>(server.url, status, text);
  };
}

/** fetch hides the reason ("fetch failed") in `cause`. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { cause } = thrown;
  if (cause instanceof Error && cause.message !== '') return cause.message;
  return thrown.message;
}

function readReply<T>(url: string, status: number, text: string): Outcome<T> {
  const body = parseJson(text);
  if (status >= 200 && status < 300) {
    return body === undefined
      ? fail('server_unreachable', `${url} answered ${status} without JSON: is it genesis?`)
      : ok(body as T);
  }
  return { ok: false, error: problemError(url, status, body) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // told apart by the caller, with the status and address
  }
}

function problemError(url: string, status: number, body: unknown): OpError {
  const problem = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const { code, detail, details, faults } = problem;
  if (typeof code !== 'string' || !Object.hasOwn(errorCatalogue, code)) {
    return new OpError(
      'server_unreachable',
      `${url} answered ${status} in a way that genesis does not: another program may listen there`,
    );
  }
  const kept = {
    ...(typeof details === 'object' && details !== null ? details : {}),
    ...(Array.isArray(faults) ? { faults } : {}),
  };
  return new OpError(code as ErrorCode, typeof detail === 'string' ? detail : code, { details: kept });
}

function withQuery(path: string, query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== null) params.set(name, String(value));
  const text = params.toString();
  return text === '' ? path : `${path}?${text}`;
}

const segment = encodeURIComponent;

/** Method, path and body of an operation request; the shapes are those of contract/actions. */
function routeOf(request: OperationRequest): { method: Method; path: string; body: Record<string, unknown> } {
  switch (request.kind) {
    case 'backup': {
      const { service, type, components, note } = request;
      const body = {
        service,
        type,
        ...(components === null ? {} : { components }),
        ...(note === null ? {} : { note }),
      };
      return { method: 'POST', path: '/backups', body };
    }
    case 'verify':
      return { method: 'POST', path: `/backups/${segment(request.backupId)}/verify`, body: copyOf(request.copy) };
    case 'restore': {
      const { target, components, paths, recovery } = request;
      const wireTarget = Object.fromEntries(Object.entries(target).filter(([, value]) => value !== null));
      const body = {
        target: wireTarget,
        components,
        paths,
        ...(recovery === undefined ? {} : { recovery }),
        ...copyOf(request.copy),
      };
      return { method: 'POST', path: `/backups/${segment(request.backupId)}/restore`, body };
    }
    case 'drill': {
      const { backupId, recovery } = request;
      const body = {
        ...copyOf(request.copy),
        ...(backupId === undefined ? {} : { backupId }),
        ...(recovery === undefined ? {} : { recovery }),
      };
      return { method: 'POST', path: `/services/${segment(request.service)}/drills`, body };
    }
    case 'quality': {
      const { restored, source } = request;
      return { method: 'POST', path: `/services/${segment(request.service)}/quality`, body: { restored, source } };
    }
    case 'failover':
    case 'switchover': {
      const { service, kind, candidate } = request;
      const force = kind === 'failover' ? { force: request.force } : {};
      return {
        method: 'POST',
        path: `/services/${segment(service)}/${kind}`,
        body: { ...(candidate === null ? {} : { candidate }), ...force },
      };
    }
    case 'fence':
    case 'rejoin': {
      const { service, kind, node } = request;
      const clone = kind === 'rejoin' && request.allowClone !== null ? { allowClone: request.allowClone } : {};
      return { method: 'POST', path: `/services/${segment(service)}/nodes/${segment(node)}/${kind}`, body: clone };
    }
    case 'scale': {
      const { service, desired } = request;
      return { method: 'POST', path: `/services/${segment(service)}/scaling`, body: { desired } };
    }
    case 'playbook': {
      const { service, issue } = request;
      return { method: 'POST', path: `/services/${segment(service)}/playbooks/${segment(issue)}`, body: {} };
    }
    case 'delete':
      return { method: 'DELETE', path: `/backups/${segment(request.backupId)}`, body: {} };
  }
}

function copyOf(copy: string | null): Record<string, unknown> {
  return copy === null ? {} : { copy };
}

const confirmed: readonly OperationRequest['kind'][] = [
  'restore',
  'delete',
  'failover',
  'switchover',
  'fence',
  'rejoin',
  'playbook',
  'scale',
];

/** Only what destroys or moves takes confirm and reason; strict bodies refuse them elsewhere. */
function confirmation(request: OperationRequest, options: ActionOptions): Record<string, unknown> {
  if (!confirmed.includes(request.kind)) return {};
  return {
    ...(options.confirm === null ? {} : { confirm: options.confirm }),
    ...(options.reason === null ? {} : { reason: options.reason }),
  };
}

async function only<T, U>(outcome: Promise<Outcome<T>>, pick: (value: T) => U): Promise<Outcome<U>> {
  const got = await outcome;
  return got.ok ? ok(pick(got.value)) : got;
}

type ScalingCalls = Pick<
  Session,
  | 'scaling'
  | 'scalingHistory'
  | 'pauseScaling'
  | 'resumeScaling'
  | 'previewScalingPolicy'
  | 'setScalingPolicy'
  | 'resetScalingPolicy'
  | 'backtestScaling'
>;

function scalingOf(call: ReturnType<typeof createCall>): ScalingCalls {
  return {
    scaling: (service) => call('GET', `/services/${segment(service)}/scaling`),
    scalingHistory: (service, hours) =>
      call('GET', withQuery(`/services/${segment(service)}/scaling/history`, { hours })),
    pauseScaling: (service, seconds, reason) =>
      call('POST', `/services/${segment(service)}/scaling/pause`, { seconds, reason }),
    resumeScaling: (service) => call('POST', `/services/${segment(service)}/scaling/resume`, {}),
    previewScalingPolicy: (service, policy) =>
      call('POST', `/services/${segment(service)}/scaling/policy/preview`, { policy }),
    setScalingPolicy: (service, policy, { reason, confirm }) =>
      call('POST', `/services/${segment(service)}/scaling/policy`, {
        policy,
        ...(reason === null ? {} : { reason }),
        ...(confirm === null ? {} : { confirm }),
      }),
    resetScalingPolicy: (service, reason) =>
      call('POST', `/services/${segment(service)}/scaling/policy/reset`, { reason }),
    backtestScaling: (service, { from, to, policy }) =>
      call('POST', `/services/${segment(service)}/scaling/backtest`, {
        from,
        to,
        ...(policy === null ? {} : { policy }),
      }),
  };
}

/** The running server, as the commands see it. */
export function createHttpSession(fetch: CliDeps['fetch'], server: Server): Session {
  const call = createCall(fetch, server);
  return {
    where: 'server',
    status: () => call('GET', '/status'),
    services: () => only(call<Page<ServiceSnapshot>>('GET', '/services'), (page) => page.items),
    service: (name) => call('GET', `/services/${segment(name)}`),
    backups: (filter) => call('GET', withQuery('/backups', { ...filter })),
    backup: (id) => call('GET', `/backups/${segment(id)}`),
    files: (id, query) => call('GET', withQuery(`/backups/${segment(id)}/files`, { ...query })),
    setKeep: (id, change) => call('PATCH', `/backups/${segment(id)}`, change),
    start: (request, options) => {
      const { method, path, body } = routeOf(request);
      return call(method, path, { ...body, ...confirmation(request, options) }, options.idempotencyKey);
    },
    plan: (request, options) => {
      const { method, path, body } = routeOf(request);
      return call(method, path, { ...body, ...confirmation(request, options), dryRun: true });
    },
    operation: (id) => call('GET', `/operations/${segment(id)}`),
    operations: (filter) => call('GET', withQuery('/operations', { ...filter })),
    cancel: (id, reason) => call('POST', `/operations/${segment(id)}/cancel`, reason === null ? {} : { reason }),
    drills: (filter) => call('GET', withQuery('/drills', { ...filter })),
    pause: (service, seconds, reason) => call('POST', `/services/${segment(service)}/pause`, { seconds, reason }),
    resume: (service) => only(call('POST', `/services/${segment(service)}/resume`, {}), () => undefined),
    maintenance: () => only(call<Page<MaintenanceWindow>>('GET', '/maintenance'), (page) => page.items),
    startMaintenance: (service, seconds, reason) =>
      call('POST', `/services/${segment(service)}/maintenance`, { seconds, reason }),
    endMaintenance: (service, reason) =>
      call('DELETE', `/services/${segment(service)}/maintenance`, reason === null ? undefined : { reason }),
    ...scalingOf(call),
    failover: (service) => call('GET', `/services/${segment(service)}/failover`),
    pauseFailover: (service, seconds, reason) =>
      call('POST', `/services/${segment(service)}/failover/pause`, { seconds, reason }),
    resumeFailover: (service) => call('POST', `/services/${segment(service)}/failover/resume`, {}),
    scheduleSwitchover: (service, { at, candidate }, options) =>
      call('POST', `/services/${segment(service)}/switchover`, {
        at,
        ...(candidate === null ? {} : { candidate }),
        ...(options.confirm === null ? {} : { confirm: options.confirm }),
        ...(options.reason === null ? {} : { reason: options.reason }),
      }),
    cancelSwitchover: (service) => call('DELETE', `/services/${segment(service)}/switchover`, {}),
    playbooks: (service) => call('GET', `/services/${segment(service)}/playbooks`),
    sla: (service) => call('GET', withQuery('/sla', { service })),
    audit: (filter) => call('GET', withQuery('/audit', { ...filter })),
    tokens: () => only(call<Page<TokenReply>>('GET', '/tokens'), (page) => page.items),
    createToken: ({ name, role, expiresInSeconds }) =>
      call('POST', '/tokens', { name, role, ...(expiresInSeconds === null ? {} : { expiresInSeconds }) }),
    revokeToken: (id) => only(call('DELETE', `/tokens/${segment(id)}`), () => undefined),
    loginCode: () => call('POST', '/login-codes', {}),
    confirmKey: (service, fingerprint) =>
      only(call('POST', `/services/${segment(service)}/key-confirmation`, { fingerprint }), () => undefined),
    close: () => Promise.resolve(),
  };
}
