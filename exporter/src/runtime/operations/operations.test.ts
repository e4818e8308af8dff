import { join } from 'node:path';
import { Config } from '../../config/schema.ts';
import { fail, ok, OpError } from '../../contract/errors.ts';
import type { Operation } from '../../contract/operation.ts';
import type { Store } from '../../store/port.ts';
import { openStore } from '../../store/sqlite/open.ts';
import type { AppEvent, RequestOptions } from '../app.ts';
import { systemRandom } from '../clock.ts';
import { systemExec } from '../exec.ts';
import {
  blocker,
  type AnyRequest,
  type Consequences,
  type Handler,
  type HandlerDeps,
  type PlanDraft,
} from '../handler.ts';
import { homeAt } from '../home.ts';
import { settableClock, silentLog, temporaryFolder } from '../testing.ts';
import type { Handlers, OperationsDeps } from './core.ts';
import { createOperations, type Operations } from './operations.ts';

const harmless: Consequences = {
  stops: [],
  bytes: null,
  atStake: [],
  wayBack: 'nothing is changed',
  isLike: () => true,
};

const operator: RequestOptions = {
  actor: { name: 'ann', role: 'operator', via: 'token' },
  remote: '127.0.0.1',
  reason: null,
  confirm: null,
  planEtag: null,
  idempotencyKey: null,
};
const admin: RequestOptions = { ...operator, actor: { name: 'root', role: 'admin', via: 'token' } };
const never = new AbortController().signal;
const backup: AnyRequest = { kind: 'backup', service: 'files', type: 'full', components: null, note: null };
const remove: AnyRequest = { kind: 'delete', backupId: 'b1' };

interface Bench {
  operations: Operations;
  store: Store;
  runs: string[];
  events: AppEvent[];
  /** What the handlers answer; replaced by tests. */
  draft: PlanDraft;
  work: (operation: Operation, signal: AbortSignal) => Promise<void>;
  restart(): Operations;
  close(): Promise<void>;
}

async function bench(): Promise<Bench> {
  const folder = temporaryFolder();
  const clock = settableClock('2026-03-05T08:00:00.000Z');
  const opened = await openStore({ path: join(folder.path, 'state', 'genesis.db'), clock, log: silentLog });
  if (!opened.ok) throw opened.error;
  const store = opened.value;
  const b = {
    runs: [] as string[],
    events: [] as AppEvent[],
    draft: { steps: ['do it'], blockers: [], warnings: [], facts: { size: 1 }, consequences: harmless } as PlanDraft,
  } as Bench;
  b.work = async () => undefined;
  const handler: Handler = {
    serviceOf: async (request) =>
      'service' in request && request.service === 'nope' ? fail('service_unknown', 'no nope') : ok('files'),
    plan: async () => ok(b.draft),
    run: async (request, operation, tools) => {
      b.runs.push(operation.id);
      const done = await tools.step('work', async () => {
        await b.work(operation, tools.signal);
        return tools.signal.aborted ? fail<void>('cancelled', 'cancelled') : ok(undefined);
      });
      return done.ok ? ok({ kind: request.kind }) : done;
    },
    recover: async () => ({ state: 'interrupted', left: 'nothing' }),
  };
  const handlers = {
    backup: handler,
    verify: handler,
    restore: handler,
    drill: handler,
    delete: handler,
    copy: handler,
  } as unknown as Handlers;
  const handlerDeps: HandlerDeps = {
    clock,
    random: systemRandom,
    exec: systemExec,
    log: silentLog,
    store,
    home: homeAt(folder.path),
    config: () => Config.parse({}),
    configText: () => '',
    service: async () => fail('service_unknown', 'unused'),
    engine: () => {
      throw new OpError('internal', 'unused');
    },
    pitrOf: () => null,
    compareQuality: async () => {
      throw new OpError('internal', 'unused');
    },
    measure: async () => undefined,
    auditHead: () => store.audit.head(),
    backupsInUse: () => new Set(),
  };
  const meter = {
    record: () => undefined,
    countRequest: () => undefined,
    countAuthFailure: () => undefined,
    countError: () => undefined,
    countAuditWriteFailure: () => undefined,
  };
  const deps: OperationsDeps = {
    ...handlerDeps,
    handlers,
    meter,
    emit: (event) => b.events.push(event),
    approvalOf: () => null,
    onAudit: () => undefined,
  };
  b.store = store;
  b.operations = createOperations(deps);
  b.operations.open();
  b.restart = () => createOperations(deps);
  b.close = async () => {
    await b.operations.stop(1000);
    await store.close();
    folder.remove();
  };
  return b;
}

describe('operations', () => {
  let b: Bench;
  beforeEach(async () => {
    b = await bench();
  });
  afterEach(() => b.close());

  async function end(request: AnyRequest, options: RequestOptions): Promise<Operation> {
    const begun = await b.operations.request(request, options);
    if (!begun.ok) throw begun.error;
    const ended = await b.operations.finished(begun.value.id, never);
    if (!ended.ok) throw ended.error;
    return ended.value;
  }
  async function codeOf(request: AnyRequest, options: RequestOptions): Promise<string> {
    const begun = await b.operations.request(request, options);
    return begun.ok ? 'ok' : begun.error.code;
  }

  it('journals intent, steps and end, and writes the audit row before the effect', async () => {
    let rowsBefore = 0;
    b.work = async () => {
      rowsBefore = (await b.store.audit.list({})).items.length;
    };

    const ended = await end(backup, operator);

    expect(ended).toMatchObject({
      state: 'succeeded',
      result: { kind: 'backup' },
      steps: [{ name: 'work', state: 'succeeded' }],
    });
    expect(rowsBefore).toBe(1);
    expect((await b.store.audit.list({})).items.map((r) => r.result)).toEqual(['succeeded', 'intent']);
    expect(b.events.at(-1)).toMatchObject({ type: 'operation', operation: { state: 'succeeded' } });
  });

  it('runs 1,000 concurrent repeats with one key once', async () => {
    const options = { ...operator, idempotencyKey: 'k1' };
    const answers = await Promise.all(Array.from({ length: 1000 }, () => b.operations.request(backup, options)));
    const ids = new Set(answers.map((a) => (a.ok ? a.value.id : a.error.code)));

    expect(ids.size).toBe(1);
    await b.operations.finished([...ids][0] ?? '', never);
    expect(b.runs).toHaveLength(1);
    expect(await codeOf({ ...backup, note: 'other' } as AnyRequest, options)).toBe('idempotency_conflict');
  }, 60_000);

  it('lets one writer a service in at a time and names the holder', async () => {
    let release: () => void = () => undefined;
    b.work = () => new Promise((resolve) => (release = resolve));
    const first = await b.operations.request(backup, operator);
    const second = await b.operations.request(backup, operator);

    expect(second.ok ? null : [second.error.code, second.error.message]).toEqual([
      'operation_conflict',
      expect.stringContaining(first.ok ? first.value.id : '?'),
    ]);
    while (b.runs.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    release();
  });

  it('asks for role, typed confirmation and reason where data is replaced or deleted, and audits the refusal', async () => {
    expect(await codeOf(remove, operator)).toBe('forbidden');
    expect(await codeOf(remove, admin)).toBe('confirmation_required');
    expect(await codeOf(remove, { ...admin, confirm: 'other' })).toBe('confirmation_required');
    expect(await codeOf(remove, { ...admin, confirm: 'files' })).toBe('reason_required');
    expect(await codeOf(remove, { ...admin, confirm: 'files', reason: 'disk' })).toBe('ok');
    expect(await codeOf(backup, { ...operator, actor: { name: 'v', role: 'viewer', via: 'token' } })).toBe('forbidden');
    const denied = (await b.store.audit.list({ result: 'denied' })).items;
    expect(denied).toHaveLength(5);
  });

  it('plans without touching anything, and refuses a plan that no longer holds', async () => {
    const planned = await b.operations.plan(backup, operator);
    expect(planned.ok && planned.value).toMatchObject({
      kind: 'backup',
      service: 'files',
      destructive: false,
      blockers: [],
    });
    expect(b.runs).toEqual([]);
    expect(await b.operations.running()).toEqual([]);
    const etag = planned.ok ? planned.value.etag : '';

    b.draft = { ...b.draft, facts: { size: 2 } };
    expect(await codeOf(backup, { ...operator, planEtag: etag })).toBe('plan_stale');
    b.draft = { ...b.draft, facts: { size: 1 } };
    expect(await codeOf(backup, { ...operator, planEtag: etag })).toBe('ok');
  });

  it('refuses with the first blocker and journals nothing', async () => {
    b.draft = { ...b.draft, blockers: [blocker('backup_kept', 'b1 is marked keep')] };

    expect(await codeOf(backup, operator)).toBe('backup_kept');
    expect((await b.store.operations.list({})).items).toEqual([]);
  });

  it('cancels: operators what they started, admins anything', async () => {
    b.work = (_operation, signal) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    const begun = await b.operations.request(backup, operator);
    const id = begun.ok ? begun.value.id : '';
    const stranger = await b.operations.cancel(id, {
      ...operator,
      actor: { name: 'bob', role: 'operator', via: 'token' },
    });
    expect(stranger.ok ? null : stranger.error.code).toBe('forbidden');
    while (b.runs.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));

    expect((await b.operations.cancel(id, operator)).ok).toBe(true);
    const ended = await b.operations.finished(id, never);
    expect(ended.ok && ended.value.state).toBe('cancelled');
    const late = await b.operations.cancel(id, operator);
    expect(late.ok ? null : late.error.code).toBe('operation_finished');
  });

  it('admits nothing before what an earlier process left is put right', async () => {
    const begun = await b.restart().request(backup, operator);

    expect(begun.ok ? null : begun.error.code).toBe('not_ready');
  });

  it('closes what an earlier process left open, and says what was left', async () => {
    await b.store.operations.begin({
      id: 'op_dead',
      kind: 'backup',
      service: 'files',
      params: { ...backup },
      actor: operator.actor,
      reason: null,
      idempotencyKey: null,
      requestHash: 'x',
      createdAt: '2026-03-05T07:00:00.000Z',
    });

    const closed = await b.restart().recoverUnfinished();

    expect(closed).toMatchObject([{ id: 'op_dead', state: 'interrupted', error: { code: 'interrupted' } }]);
    expect(await b.store.operations.unfinished()).toEqual([]);
  });

  it('stops: refuses new work and marks what it had to break off as interrupted', async () => {
    b.work = (_operation, signal) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    const begun = await b.operations.request(backup, operator);
    while (b.runs.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await b.operations.stop(5000);

    const ended = await b.operations.get(begun.ok ? begun.value.id : '');
    expect(ended.ok && ended.value.state).toBe('interrupted');
    expect(await codeOf(backup, operator)).toBe('shutting_down');
  });

  it('does nothing when the audit row cannot be written', async () => {
    const append = b.store.audit.append.bind(b.store.audit);
    (b.store.audit as { append: Store['audit']['append'] }).append = async () => {
      throw new OpError('audit_unwritable', 'disk full');
    };

    expect(await codeOf(backup, operator)).toBe('audit_unwritable');
    expect(b.runs).toEqual([]);
    expect((await b.store.operations.list({})).items).toMatchObject([
      { state: 'failed', error: { code: 'audit_unwritable' } },
    ]);
    (b.store.audit as { append: Store['audit']['append'] }).append = append;
  });
});
