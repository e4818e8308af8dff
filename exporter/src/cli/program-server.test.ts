import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail, ok } from '../contract/errors.ts';
import type { App } from '../runtime/app.ts';
import type { CliDeps } from './deps.ts';
import { interruptAtOnce, operationWith, runIn, serverIn, type SentRequest } from './testing/program.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'genesis-cli-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));
const run = (argv: readonly string[], changes?: Partial<CliDeps>) => runIn(home, argv, changes);
const server = (answers: Parameters<typeof serverIn>[1], requests?: SentRequest[]) => serverIn(home, answers, requests);

const failure = { code: 'disk_full', message: 'no room in /r', hint: 'free space' } as const;

describe('against a running server', () => {
  it('sends the token of the home and waits for the end of the operation', async () => {
    const requests: SentRequest[] = [];
    const answers = {
      'POST /backups': { status: 202, body: operationWith({ state: 'running' }) },
      'GET /operations/op_1': { body: operationWith({}) },
    };

    const ran = await run(['backup', 'web', '--type', 'full'], server(answers, requests));

    expect(ran).toEqual({ code: 0, stdout: 'backup of web: succeeded\nbackupId: backup_1\n', stderr: '' });
    expect(requests[0]).toMatchObject({
      body: { service: 'web', type: 'full' },
      headers: { authorization: 'Bearer the-operator-token' },
    });
  });

  it('prints one JSON document with --json, and nothing else', async () => {
    const answers = { 'POST /backups': { status: 202, body: operationWith({}) } };

    const ran = await run(['backup', 'web', '--json'], server(answers));

    expect(JSON.parse(ran.stdout)).toMatchObject({ id: 'op_1', state: 'succeeded' });
    expect(ran.stderr).toBe('');
  });

  it('ends with 1 and says message and hint when the operation failed', async () => {
    const ran = await run(
      ['backup', 'web'],
      server({ 'POST /backups': { status: 202, body: operationWith({ state: 'failed', error: failure }) } }),
    );

    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('backup of web: no room in /r [disk_full]');
    expect(ran.stdout).toBe('');
  });

  it('ends with 1 when verify found damage', async () => {
    const damaged = operationWith({ kind: 'verify', result: { passed: false } });

    const ran = await run(
      ['verify', 'backup_1'],
      server({ 'POST /backups/backup_1/verify': { status: 202, body: damaged } }),
    );

    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain('DAMAGED');
  });

  it('ends with 4 and shows the problem when it is refused', async () => {
    const problem = {
      type: 'x',
      title: 'x',
      status: 403,
      code: 'forbidden',
      detail: 'operators may not delete',
      hint: 'h',
      instance: 'i',
    };

    const ran = await run(
      ['backups', 'delete', 'backup_1', '--confirm', 'web', '--reason', 'old'],
      server({ 'DELETE /backups/backup_1': { status: 403, body: problem } }),
    );

    expect(ran.code).toBe(4);
    expect(ran.stderr).toContain('operators may not delete [forbidden]');
  });

  it('sends confirm and reason for a restore in place, and a plan request for --dry-run', async () => {
    const requests: SentRequest[] = [];
    const plan = {
      kind: 'restore',
      service: 'web',
      steps: ['stage'],
      blockers: [{ code: 'confirmation_required', message: 'm', hint: 'h' }],
      warnings: [],
      destructive: true,
      facts: {},
      etag: 'e',
    };

    const ran = await run(
      ['restore', 'backup_1', '--in-place', '--confirm', 'web', '--reason', 'disk lost', '--dry-run'],
      server({ 'POST /backups/backup_1/restore': { body: plan } }, requests),
    );

    expect(requests[0]?.body).toEqual({
      target: { kind: 'in_place' },
      components: [],
      paths: [],
      confirm: 'web',
      reason: 'disk lost',
      dryRun: true,
    });
    expect(ran.code).toBe(4);
    expect(ran.stdout).toContain('in the way:\n  - m [confirmation_required]; h');
  });

  it('takes for --at the newest usable backup that had ended by then: one still copying may hold what came after', async () => {
    const requests: SentRequest[] = [];
    const items = [
      { id: 'b4', status: 'completed', startedAt: '2026-11-22T02:00:00.000Z', endedAt: '2026-11-22T02:01:00.000Z' },
      { id: 'b3', status: 'completed', startedAt: '2026-11-22T01:29:59.000Z', endedAt: '2026-11-22T01:30:00.100Z' },
      { id: 'b2', status: 'failed', startedAt: '2026-11-22T01:00:00.000Z', endedAt: '2026-11-22T01:01:00.000Z' },
      {
        id: 'b1',
        status: 'completed_with_warnings',
        startedAt: '2026-11-22T00:00:00.000Z',
        endedAt: '2026-11-22T00:01:00.000Z',
      },
    ];
    const answers = {
      'GET /backups?service=web&sort=-startedAt&limit=200': { body: { items, next: null } },
      'POST /backups/b1/restore': { status: 202, body: operationWith({ kind: 'restore' }) },
    };

    const ran = await run(
      ['restore', '--service', 'web', '--at', '2026-11-22T01:30:00Z', '--to', 'out'],
      server(answers, requests),
    );

    expect(ran.code).toBe(0);
    expect(requests[1]?.body).toMatchObject({ target: { kind: 'folder', path: join(home, 'out') } });
  });

  it('leaves the operation running on Ctrl-C, says how to cancel, and ends with 130', async () => {
    const running = operationWith({ state: 'running', endedAt: null });
    const deps = server({ 'POST /backups': { status: 202, body: running }, 'GET /operations/op_1': { body: running } });

    const ran = await run(['backup', 'web'], { ...deps, onInterrupt: interruptAtOnce });

    expect(ran.code).toBe(130);
    expect(ran.stdout).toContain('genesis operations cancel op_1');
  });

  it('cancels it on Ctrl-C with --cancel-on-interrupt', async () => {
    const requests: SentRequest[] = [];
    const running = operationWith({ state: 'running', endedAt: null });
    const deps = server(
      {
        'POST /backups': { status: 202, body: running },
        'POST /operations/op_1/cancel': { status: 202, body: running },
      },
      requests,
    );

    const ran = await run(['backup', 'web', '--cancel-on-interrupt'], { ...deps, onInterrupt: interruptAtOnce });

    expect(ran.code).toBe(130);
    expect(requests.map(({ path }) => path)).toContain('/operations/op_1/cancel');
  });

  it('never follows the server elsewhere and says when something else answers', async () => {
    const deps = server({ 'GET /services': { body: '<html>' } });

    const ran = await run(['services'], {
      ...deps,
      fetch: () =>
        Promise.resolve(new Response('<html>', { status: 302, headers: { location: 'http://evil.example' } })),
    });

    expect(ran.code).toBe(3);
    expect(ran.stderr).toContain('another program may listen there');
  });
});

describe('where no server runs', () => {
  /** An App of which only what a test uses is there; anything else throws. */
  function localApp(parts: Partial<App>, closed: string[] = []): Partial<CliDeps> {
    return {
      compose: () =>
        Promise.resolve(ok({ app: parts as App, close: () => Promise.resolve(void closed.push('closed')) })),
    };
  }

  it('runs a backup in this process as a local admin, and closes afterwards', async () => {
    const closed: string[] = [];
    const asked: unknown[] = [];
    const request: App['request'] = (wanted, options) => {
      asked.push(wanted, options.actor);
      return Promise.resolve(ok(operationWith({})));
    };

    const ran = await run(['backup', 'web'], { ...localApp({ request }, closed), env: { USER: 'ann' } });

    expect(ran.code).toBe(0);
    expect(asked).toEqual([
      { kind: 'backup', service: 'web', type: 'incremental', components: null, note: null },
      { name: 'cli:ann', role: 'admin', via: 'cli' },
    ]);
    expect(closed).toEqual(['closed']);
  });

  it('refuses --no-wait: nobody would carry the operation on', async () => {
    const ran = await run(['backup', 'web', '--no-wait'], localApp({}));

    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('leave --no-wait out');
  });

  it('cancels on Ctrl-C, for the operation would die with this process', async () => {
    const cancelled: string[] = [];
    const running = operationWith({ state: 'running', endedAt: null });
    const parts: Partial<App> = {
      request: () => Promise.resolve(ok(running)),
      cancel: (id) => {
        cancelled.push(id);
        return Promise.resolve(ok(running));
      },
    };

    const ran = await run(['backup', 'web'], { ...localApp(parts), onInterrupt: interruptAtOnce });

    expect(ran.code).toBe(130);
    expect(cancelled).toEqual(['op_1']);
  });

  it('says in one sentence that another one holds the home, with exit code 2', async () => {
    const ran = await run(['backups'], {
      compose: () => Promise.resolve(fail('home_locked', 'another genesis runs on /h')),
    });

    expect(ran.code).toBe(2);
    expect(ran.stderr.split('\n')[0]).toBe('genesis: another genesis runs on /h [home_locked]');
  });

  it('needs a server for login, and ends with 3', async () => {
    expect((await run(['login'])).code).toBe(3);
  });

  it('takes over from an address that a killed server left behind', async () => {
    server({});

    const ran = await run(['backups'], {
      ...localApp({ backups: () => Promise.resolve({ items: [], next: null, total: 0 }) }),
      fetch: () => Promise.reject(new Error('refused')),
    });

    expect(ran).toEqual({ code: 0, stdout: 'no backup matches\n', stderr: '' });
  });
});
