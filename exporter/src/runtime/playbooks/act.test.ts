import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, ok, OpError } from '../../contract/errors.ts';
import type { Operation } from '../../contract/operation.ts';
import type { PlaybookActionName } from '../../contract/playbooks.ts';
import { loadConfig } from '../../config/load.ts';
import { operationWith } from '../../core/testing.ts';
import type { RequestOptions } from '../app.ts';
import type { AnyRequest } from '../handler.ts';
import type { Operations } from '../operations/operations.ts';
import { settableClock, silentLog, temporaryFolder } from '../testing.ts';
import { createActor, type ActDeps } from './act.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const file = join(folder.path, 'genesis.yaml');
writeFileSync(
  file,
  'services: [{ name: shop, playbooks: { hooks: { restart_service: { command: [/usr/bin/restart, now] } } } }]',
  { mode: 0o600 },
);
const loaded = loadConfig(file, {});
if (!loaded.ok) throw loaded.error;
const [service] = loaded.value.config.services;

interface Told {
  readonly requests: { request: AnyRequest; options: RequestOptions }[];
  readonly levels: string[];
  readonly runs: { file: string; args: readonly string[]; env: unknown }[];
  readonly opened: string[];
}

function bench(
  change: { exitCode?: number; running?: readonly Operation[]; ended?: Operation; refused?: OpError } = {},
) {
  const told: Told = { requests: [], levels: [], runs: [], opened: [] };
  const { exitCode = 0, running = [], ended = operationWith({ kind: 'failover', state: 'succeeded' }) } = change;
  const operations: Partial<Operations> = {
    running: () => running,
    finished: async () => ok(ended),
    request: async (request, options) => {
      told.requests.push({ request, options });
      return change.refused === undefined ? ok(operationWith({ id: 'op_2' })) : { ok: false, error: change.refused };
    },
  };
  const deps: ActDeps = {
    clock: settableClock('2026-03-05T08:00:00Z'),
    nowMs: () => 0,
    fetch: () => Promise.reject(new Error('nobody asks')),
    resolveSecret: () => fail('key_missing', 'none'),
    readSystem: async () => fail('internal', 'not asked'),
    failover: () => null,
    exec: {
      run: async (program, args, { env }) => {
        told.runs.push({ file: program, args, env });
        return ok({ exitCode, stdout: '', stderr: 'no such unit', truncated: false });
      },
    },
    log: { ...silentLog, setLevel: (level) => void told.levels.push(level), flush: () => undefined },
    breakers: { open: async (name) => void told.opened.push(name) },
    operations: () => operations as Operations,
    logLevel: () => 'warn',
    workers: () => 1,
    stopping: () => new AbortController().signal,
  };
  const act = createActor(deps);
  const does = (action: PlaybookActionName) => {
    if (service === undefined) throw new Error('the file names a service');
    return act({
      service,
      issue: 'service_down',
      action,
      attempt: 2,
      operationId: 'op_1',
      automatic: true,
      reason: 'the page is down',
      why: 'page is unhealthy',
      signal: new AbortController().signal,
    });
  };
  return { told, does };
}

describe('the actions of playbooks', () => {
  it('run a hook with what it needs to know, and believe no other exit code than 0', async () => {
    const good = bench();
    const bad = bench({ exitCode: 5 });

    expect(await good.does('restart_service')).toMatchObject({ ok: true });
    expect(await bad.does('restart_service')).toMatchObject({
      ok: false,
      error: { code: 'exec_failed', message: '/usr/bin/restart ended with exit code 5: no such unit' },
    });
    expect(good.told.runs).toEqual([
      {
        file: '/usr/bin/restart',
        args: ['now'],
        env: {
          GENESIS_SERVICE: 'shop',
          GENESIS_ACTION: 'restart_service',
          GENESIS_ISSUE: 'service_down',
          GENESIS_ATTEMPT: '2',
        },
      },
    ]);
  });

  it('never do what has no hook', async () => {
    expect(await bench().does('clear_cache')).toMatchObject({ ok: false, error: { code: 'not_supported' } });
  });

  it('fail over by the operation itself, without force, and take its end for theirs', async () => {
    const { told, does } = bench();
    const held = bench({ refused: new OpError('failover_held', 'the old primary still answers') });
    const failed = bench({ ended: operationWith({ kind: 'failover', state: 'failed' }) });

    expect(await does('failover_to_replica')).toEqual(ok('failover op_2 succeeded'));
    expect(told.requests[0]).toMatchObject({
      request: { kind: 'failover', service: 'shop', candidate: null, force: false, automatic: true },
      options: { actor: { role: 'system' }, confirm: 'shop' },
    });
    expect(await held.does('failover_to_replica')).toMatchObject({ ok: false, error: { code: 'failover_held' } });
    expect(await failed.does('failover_to_replica')).toMatchObject({ ok: false, error: { code: 'failover_failed' } });
  });

  it('wait for a failover that somebody else has begun', async () => {
    const running = [operationWith({ id: 'op_9', kind: 'failover', service: 'shop' })];
    const { does } = bench({ running, refused: new OpError('operation_conflict', 'op_9 holds shop') });

    expect(await does('failover_to_replica')).toEqual(ok('failover op_9 succeeded'));
  });

  it('ask for no failover that would wait for the worker of its own playbook', async () => {
    const { told, does } = bench({ running: [operationWith({ kind: 'playbook', service: 'shop' })] });

    expect(await does('failover_to_replica')).toMatchObject({ ok: false, error: { code: 'failover_failed' } });
    expect(told.requests).toEqual([]);
  });

  it('open the breaker of the service', async () => {
    const { told, does } = bench();

    await does('enable_circuit_breaker');

    expect(told.opened).toEqual(['shop']);
  });

  it('make the log tell more, and later what the configuration says again', async () => {
    const { told, does } = bench();

    await does('increase_logging');
    const first = [...told.levels];
    await new Promise((resolve) => setTimeout(resolve, 50));

    expect(first).toEqual(['debug']);
    expect(told.levels).toEqual(['debug', 'warn']);
  });
});
