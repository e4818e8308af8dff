import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail, ok } from '../contract/errors.ts';
import type { Operation } from '../contract/operation.ts';
import type { App } from '../runtime/app.ts';
import type { CliDeps } from './deps.ts';
import { buildProgram } from './program.ts';
import { cliReference } from './reference.ts';
import { inertDeps, recordOutput } from './testing.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'genesis-cli-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function run(argv: readonly string[], changes: Partial<CliDeps> = {}) {
  const stdout = recordOutput();
  const stderr = recordOutput();
  const code = await buildProgram(inertDeps({ stdout, stderr, cwd: home, ...changes })).run(argv);
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** A running server: its address in the home, an admin token, and answers by `METHOD path`. */
function server(
  answers: Readonly<Record<string, { status?: number; body: unknown }>>,
  requests: Request[] = [],
): Partial<CliDeps> {
  mkdirSync(join(home, '.genesis', 'run'), { recursive: true });
  mkdirSync(join(home, '.genesis', 'tokens'));
  writeFileSync(join(home, '.genesis', 'run', 'address'), '127.0.0.1:9847\n');
  writeFileSync(join(home, '.genesis', 'tokens', 'operator'), 'the-operator-token\n');
  return {
    fetch: (url, init) => {
      const { pathname, search } = new URL(url);
      if (pathname === '/healthz') return Promise.resolve(new Response('ok'));
      const path = pathname.replace('/api/v1', '') + search;
      const method = init.method ?? 'GET';
      const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined;
      requests.push({ method, path, headers: init.headers as Record<string, string>, body });
      const answer = answers[`${method} ${path}`];
      if (answer === undefined) throw new TypeError(`no answer for ${method} ${path}`);
      return Promise.resolve(new Response(JSON.stringify(answer.body), { status: answer.status ?? 200 }));
    },
  };
}

function operationWith(changes: Partial<Operation>): Operation {
  const at = '2026-11-22T02:59:00.000Z';
  return {
    id: 'op_1',
    kind: 'backup',
    service: 'web',
    params: {},
    actor: { name: 'a', role: 'admin', via: 'token' },
    reason: null,
    idempotencyKey: null,
    state: 'succeeded',
    createdAt: at,
    startedAt: at,
    endedAt: at,
    steps: [],
    progress: null,
    result: { backupId: 'backup_1' },
    error: null,
    ...changes,
  };
}

const failure = { code: 'disk_full', message: 'no room in /r', hint: 'free space' } as const;

describe('against a running server', () => {
  it('sends the token of the home and waits for the end of the operation', async () => {
    const requests: Request[] = [];
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
    const requests: Request[] = [];
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

  it('takes the newest usable backup at or before --at for latest', async () => {
    const requests: Request[] = [];
    const items = [
      { id: 'b3', status: 'completed', startedAt: '2026-11-22T02:00:00.000Z' },
      { id: 'b2', status: 'failed', startedAt: '2026-11-22T01:00:00.000Z' },
      { id: 'b1', status: 'completed_with_warnings', startedAt: '2026-11-22T00:00:00.000Z' },
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
    const requests: Request[] = [];
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

function interruptAtOnce(listener: () => void): () => void {
  listener();
  return () => undefined;
}

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

describe('from a folder alone', () => {
  const record = (id: string, service: string, startedAt: string) => ({
    id,
    service,
    startedAt,
    type: 'full',
    bytes: 10,
    status: 'completed',
  });
  const listing = {
    records: [record('b1', 'web', '2026-11-22T01:00:00.000Z'), record('b2', 'web', '2026-11-22T02:00:00.000Z')],
    damaged: [],
    freeBytes: 1,
    totalBytes: 1,
    keyFingerprint: null,
  };
  const bare = (changes: object): Partial<CliDeps> => ({
    openBare: () => Promise.resolve(ok({ list: () => Promise.resolve(ok(listing)), ...changes } as never)),
  });

  it('lists newest first', async () => {
    const ran = await run(['restore', '--from', 'copy', '--list'], bare({}));

    expect(ran.code).toBe(0);
    expect(ran.stdout.indexOf('b2')).toBeLessThan(ran.stdout.indexOf('b1'));
  });

  it('restores the latest into a new folder', async () => {
    const asked: unknown[] = [];
    const restore = (id: string, selection: unknown, to: string) => {
      asked.push(id, selection, to);
      return Promise.resolve(ok({ entries: 3, bytes: 2048, replaced: [] }));
    };

    const ran = await run(['restore', '--from', 'copy', 'latest', '--to', 'new', '--path', 'a/**'], bare({ restore }));

    expect(asked).toEqual(['b2', { components: [], paths: ['a/**'] }, join(home, 'new')]);
    expect(ran.stdout).toContain('3 entries, 2.0 KiB');
  });

  it('refuses a target that exists before it opens anything', async () => {
    mkdirSync(join(home, 'there'));

    expect((await run(['restore', '--from', 'copy', 'latest', '--to', 'there'])).code).toBe(4);
  });

  it('ends with 1 when verify found damage, and with 5 for a backup that is not there', async () => {
    const report = {
      backupId: 'b1',
      passed: false,
      chain: ['b1'],
      entries: 1,
      bytes: 1,
      faults: [{ backupId: 'b1', component: 'data', path: 'x', message: 'hash differs' }],
    };
    const deps = bare({ verify: () => Promise.resolve(ok(report)) });

    const damaged = await run(['verify', '--from', 'copy', 'b1'], deps);
    expect(damaged.code).toBe(1);
    expect(damaged.stdout).toContain('b1 data x: hash differs');
    expect((await run(['verify', '--from', 'copy', 'b9'], deps)).code).toBe(5);
  });

  it('does not take a key on the command line', async () => {
    const ran = await run(['restore', '--from', 'copy', '--list', '--key', 'hunter2hunter2'], bare({}));

    expect(ran.code).toBe(2);
  });
});

describe('files that commands write', () => {
  it('writes a proposal that only its owner reads, once', async () => {
    const file = join(home, '.genesis', 'genesis.yaml');

    expect((await run(['init'])).code).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await run(['config', 'check', '--no-survey'])).code).toBe(0);
    expect((await run(['init'])).code).toBe(2);
    expect((await run(['init', '--force'])).code).toBe(0);
    expect(readFileSync(`${file}.old`, 'utf8')).toBe(readFileSync(file, 'utf8'));
  });

  it('names every fault of a configuration and ends with 1', async () => {
    mkdirSync(join(home, '.genesis'), { mode: 0o700 });
    writeFileSync(join(home, '.genesis', 'genesis.yaml'), 'clustr: x\napi: { listen: 0.0.0.0:1 }\n', { mode: 0o600 });

    const ran = await run(['config', 'check', '--json']);

    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      valid: false,
      faults: expect.arrayContaining([expect.objectContaining({ path: 'clustr' })]),
    });
  });

  it('never writes a key over a file that is there', async () => {
    const key = join(home, 'key');

    expect((await run(['key', 'generate', key])).code).toBe(0);
    expect(readFileSync(key, 'utf8')).toBe(`${'07'.repeat(32)}\n`);
    expect(statSync(key).mode & 0o777).toBe(0o600);
    expect((await run(['key', 'generate', key])).code).toBe(1);
  });

  it('writes a systemd unit and starts nothing', async () => {
    await run(['init']);

    const ran = await run(['service', 'install', '--unit-dir', 'units']);

    expect(ran.code).toBe(0);
    expect(readFileSync(join(home, 'units/genesis.service'), 'utf8')).toContain('NoNewPrivileges=yes');
  });
});

describe('the audit log', () => {
  const head = { source: 'copy a', count: 7, at: '2026-11-22T01:00:00.000Z', result: 'matches' } as const;
  const verified = { count: 9, brokenAt: null, vouchedUpTo: 7, heads: [head] };

  it('is whole when chain and heads agree, and says from where on it cannot know', async () => {
    const ran = await run(['audit', 'verify'], { verifyAudit: () => Promise.resolve(ok(verified)) });

    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('rows up to 7 are vouched for');
  });

  it('ends with 1 when a head kept elsewhere is beyond its end', async () => {
    const cut = { ...verified, heads: [{ ...head, result: 'beyond_end' as const }] };

    expect((await run(['audit', 'verify'], { verifyAudit: () => Promise.resolve(ok(cut)) })).code).toBe(1);
  });
});

it('sends a test message straight to the configured address and shows its host only', async () => {
  mkdirSync(join(home, '.genesis'), { mode: 0o700 });
  writeFileSync(
    join(home, '.genesis/genesis.yaml'),
    'alertmanager: { webhook_url: "https://hooks.example/secret-path" }\n',
    { mode: 0o600 },
  );
  const sent: string[] = [];

  const ran = await run(['notify', 'test', '--straight'], {
    fetch: (url, init) => {
      sent.push(url, String(init.body));
      return Promise.resolve(new Response('', { status: 200 }));
    },
  });

  expect(sent[0]).toBe('https://hooks.example/secret-path');
  expect(JSON.parse(sent[1] ?? '')).toMatchObject({
    version: '4',
    alerts: [{ labels: { alertname: 'GenesisNotifyTest' } }],
  });
  expect(ran).toEqual({
    code: 0,
    stdout: 'dr_webhook: webhook (hooks.example): delivered: hooks.example took it (200)\n',
    stderr: '',
  });
});

it('shows version and help with 0, wrong usage with 2', async () => {
  expect(await run(['--version'])).toEqual({ code: 0, stdout: '0.0.0\n', stderr: '' });
  expect((await run(['help', 'restore'])).code).toBe(0);
  expect((await run(['bogus'])).code).toBe(2);
  expect((await run(['backup', '--type', 'diff'])).code).toBe(2);
  expect((await run([])).code).toBe(2);
});

it('has every command and option in the reference', () => {
  const { command } = buildProgram(inertDeps());
  const reference = cliReference(command);

  expect(reference).toContain('### genesis catalogue rebuild');
  expect(reference).toContain('`--cancel-on-interrupt`');
  expect(readFileSync(new URL('../../../docs/reference/cli.md', import.meta.url), 'utf8')).toBe(reference);
});
