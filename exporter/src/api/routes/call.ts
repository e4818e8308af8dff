import type { z } from 'zod';
import type { ActionId, actions } from '../../contract/actions.ts';
import { fail, ok, type Outcome } from '../../contract/errors.ts';
import type { Snapshot } from '../../contract/snapshot.ts';
import type { Operation, Plan } from '../../contract/operation.ts';
import type { App, OperationRequest, RequestOptions } from '../../runtime/app.ts';
import type { Identity } from '../auth.ts';

type BodyOf<K extends ActionId> = (typeof actions)[K] extends { body: infer B extends z.ZodType }
  ? z.output<B>
  : undefined;
type QueryOf<K extends ActionId> = (typeof actions)[K] extends { query: infer Q extends z.ZodType }
  ? z.output<Q>
  : Readonly<Record<string, never>>;

/** One call that passed every gate. */
export interface Call<K extends ActionId = ActionId> {
  readonly app: App;
  readonly identity: Identity;
  readonly params: Readonly<Record<string, string>>;
  readonly body: BodyOf<K>;
  readonly query: QueryOf<K>;
  readonly remote: string;
  readonly idempotencyKey: string | null;
  /** Path and query as they came, for the link to the next page; null where the parameters came otherwise. */
  readonly url: string | null;
}

/** A file that is made while it is sent. */
export interface ReplyFile {
  readonly type: string;
  /** Letters, digits, dots and dashes. */
  readonly name: string;
  readonly chunks: AsyncIterable<string>;
}

export interface Reply {
  readonly status: 200 | 201 | 202;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent in the place of the body. */
  readonly file?: ReplyFile;
}

/** One function an action; `events` is a stream and stands apart. */
export type Handlers = { readonly [K in Exclude<ActionId, 'events'>]: (call: Call<K>) => Promise<Outcome<Reply>> };

export function paramOf(call: Pick<Call, 'params'>, name: 'id' | 'name'): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`the route has no parameter ${name}`);
  return value;
}

interface Wishes {
  readonly reason?: string | undefined;
  readonly confirm?: string | undefined;
  readonly planEtag?: string | undefined;
}

/** Who asked and how, for the App. */
export function optionsOf(
  call: Pick<Call, 'identity' | 'remote' | 'idempotencyKey'>,
  wishes: Wishes = {},
): RequestOptions {
  const { name, role, via, subject } = call.identity;
  return {
    actor: { name, role, via },
    ...(subject === undefined ? {} : { subject }),
    remote: call.remote,
    reason: wishes.reason ?? null,
    confirm: wishes.confirm ?? null,
    planEtag: wishes.planEtag ?? null,
    idempotencyKey: call.idempotencyKey,
  };
}

export function answer(outcome: Outcome<unknown>, status: Reply['status'] = 200): Outcome<Reply> {
  return outcome.ok ? ok({ status, body: outcome.value }) : outcome;
}

/** Pause of an automation, for so long. */
export async function pauseAutomation(
  call: Call<'pauseFailover' | 'pauseScaling'>,
  pause: 'pauseFailover' | 'pauseScaling',
): Promise<Outcome<Reply>> {
  const { seconds, reason } = call.body;
  return answer(await call.app[pause](paramOf(call, 'name'), seconds, optionsOf(call, { reason })));
}

export async function resumeAutomation(
  call: Pick<Call, 'app' | 'params' | 'identity' | 'remote' | 'idempotencyKey'>,
  resume: 'resumeFailover' | 'resumeScaling',
): Promise<Outcome<Reply>> {
  const service = paramOf(call, 'name');
  const done = await call.app[resume](service, optionsOf(call));
  return done.ok ? ok({ status: 200, body: { service, resumed: done.value.resumed } }) : done;
}

export function accepted(outcome: Outcome<Operation>): Outcome<Reply> {
  if (!outcome.ok) return outcome;
  return ok({ status: 202, body: outcome.value, headers: { Location: `/api/v1/operations/${outcome.value.id}` } });
}

/** Runs the request, or answers its plan where only that was asked for. */
export async function submit(
  call: Pick<Call, 'app' | 'identity' | 'remote' | 'idempotencyKey'>,
  request: OperationRequest,
  wishes: Wishes & { readonly dryRun: boolean },
): Promise<Outcome<Reply>> {
  const options = optionsOf(call, wishes);
  if (!wishes.dryRun) return accepted(await call.app.request(request, options));
  const plan: Outcome<Plan> = await call.app.plan(request, options);
  return plan.ok ? ok({ status: 200, body: plan.value, headers: { 'Genesis-Plan-Etag': plan.value.etag } }) : plan;
}

/** A page with the link to the next one (RFC 8288). `total`: of all pages, where it is counted. */
export function paged(
  call: Pick<Call, 'url'>,
  items: readonly unknown[],
  next: string | null,
  total?: number,
): Outcome<Reply> {
  const body = { items, next, ...(total === undefined ? {} : { total }) };
  if (next === null || call.url === null) return ok({ status: 200, body });
  const [path = '', query = ''] = call.url.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.set('cursor', next);
  return ok({ status: 200, body, headers: { Link: `<${path}?${parameters.toString()}>; rel="next"` } });
}

/** The filter without the parameters that were not sent, as exact optional types want it. */
export function present<T extends object>(filter: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Errors: `not_ready` before the first observation has ended. */
export function snapshotOf(app: App): Outcome<Snapshot> {
  const snapshot = app.snapshot();
  return snapshot === null
    ? fail('not_ready', 'nothing has been observed yet', { retryable: true, details: { retryAfterSeconds: 2 } })
    : ok(snapshot);
}
