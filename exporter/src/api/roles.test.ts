import { actions, type ActionId } from '../contract/actions.ts';
import { roles, type Role } from '../contract/operation.ts';
import { replies } from '../contract/replies.ts';
import { leastRole } from './forwarded.ts';
import { forwardedActions } from './grafana.ts';
import { systemRoutes, type SystemRoute } from './system-routes.ts';
import { secrets } from './testing/fake-app.ts';
import { startTestServer, type Answer, type TestServer } from './testing/test-server.ts';

/** A body that each action takes. */
const bodies: Partial<Record<ActionId, unknown>> = {
  pauseService: { seconds: 60, reason: 'upgrade' },
  resumeService: {},
  startMaintenance: { seconds: 60, reason: 'upgrade' },
  confirmKey: { fingerprint: '0123456789abcdef' },
  startBackup: { service: 'files' },
  verifyBackup: {},
  restoreBackup: { target: { kind: 'folder' } },
  patchBackup: { keep: true },
  deleteBackup: { confirm: 'files', reason: 'disk is full' },
  startDrill: {},
  runPlaybook: {},
  approveOperation: { reason: 'I see it, too' },
  startFailover: {},
  startSwitchover: {},
  cancelSwitchover: {},
  fenceNode: {},
  rejoinNode: {},
  pauseFailover: { seconds: 60, reason: 'upgrade' },
  resumeFailover: {},
  setScaling: { desired: 3, confirm: 'files' },
  pauseScaling: { seconds: 60, reason: 'upgrade' },
  resumeScaling: {},
  previewScalingPolicy: { policy: 'min: 1' },
  setScalingPolicy: { policy: 'min: 1', reason: 'ticket 12', confirm: 'files' },
  resetScalingPolicy: { reason: 'ticket 12' },
  backtestScaling: { from: '2026-11-21T00:00:00Z', to: '2026-11-22T00:00:00Z' },
  startQuality: { restored: { service: 'files', database: 'app' } },
  cancelOperation: {},
  createToken: { name: 'grafana', role: 'viewer' },
  setLogLevel: { level: 'debug' },
  createRuntimeAlert: { metric: 'genesis_system_cpu_usage_ratio', condition: '>', threshold: 0.8 },
  changeRuntimeAlert: { threshold: 0.9 },
};
const ids = Object.keys(actions) as ActionId[];
const callers = [...roles, null] as const;

/** What stands for the id in its path. */
function idOf(id: ActionId): string {
  if (id === 'runPlaybook') return 'service_down';
  return id === 'revokeToken' ? 'tok_expired' : 'op_1';
}

function targetOf(id: ActionId): string {
  return `/api/v1${actions[id].path}`.replace('{name}', 'files').replace('{id}', idOf(id));
}

describe('the role table', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  const call = async (id: ActionId, role: Role | null): Promise<Answer> => {
    const sent = { method: actions[id].method, body: bodies[id], ...(role === null ? {} : { token: secrets[role] }) };
    if (id !== 'events') return server.send(targetOf(id), sent);
    const response = await server.open(targetOf(id), sent);
    response.destroy();
    return { status: response.statusCode ?? 0, headers: response.headers, text: '', json: () => ({}) };
  };

  const cases = ids.flatMap((id) => callers.map((role) => [id, role] as const));
  it.each(cases)('%s called by %s', async (id, role) => {
    const allowed: readonly Role[] = actions[id].roles;

    const answer = await call(id, role);

    const expected = role === null ? 401 : allowed.includes(role) ? replies[id].status : 403;
    expect(answer.status).toBe(expected);
  });

  it.each(ids.filter((id) => replies[id].schema !== null))('%s answers what its reply schema says', async (id) => {
    const answer = await call(id, 'admin');

    const parsed = replies[id].schema?.safeParse(answer.json());
    expect(parsed?.error?.issues ?? []).toEqual([]);
  });

  const forwarded = forwardedActions.flatMap((action) => callers.map((role) => [action, role] as const));
  it.each(forwarded.map(([action, role]) => [action.way.template, action.method, role, action] as const))(
    '%s (%s) called by %s',
    async (_template, _method, role, { id, method, path, way }) => {
      const target = path.replace(':name', 'files').replace(':id', idOf(id));
      const sent = {
        method,
        ...(method === 'POST' ? { body: way.queryInBody ? {} : (bodies[id] ?? {}) } : {}),
        ...(role === null ? {} : { token: secrets[role] }),
      };

      const response = await server.open(target, sent);
      response.destroy();

      const left = role === null ? null : leastRole(role, way.role, undefined);
      const allowed: readonly Role[] = actions[id].roles;
      expect(response.statusCode).toBe(left === null ? 401 : allowed.includes(left) ? replies[id].status : 403);
    },
  );

  it('the role metrics reads /metrics only', () => {
    const readable = ids.filter((id) => (actions[id].roles as readonly Role[]).includes('metrics'));

    expect(readable).toEqual([]);
    expect(systemRoutes.metrics.roles).toContain('metrics');
  });

  it.each(
    // Pages lead to the login instead of refusing; console.test.ts looks at them.
    Object.entries<SystemRoute>(systemRoutes).filter(
      ([, { path }]) => !['/metrics', '/', '/console', '/status'].includes(path),
    ),
  )('system route %s asks for its roles', async (_id, route) => {
    const body = route.body === undefined ? undefined : {};
    for (const role of callers) {
      const { status } = await server.send(route.path, {
        method: route.method,
        body,
        ...(role === null ? {} : { token: secrets[role] }),
      });

      if (route.roles === null)
        expect([200, 400]).toContain(status); // 400: a login without a code
      else if (role === null) expect(status).toBe(401);
      else expect(status).toBe(route.roles.includes(role) ? (route.reply?.status ?? 200) : 403);
    }
  });

  it('tells each caller what it may do', async () => {
    const operator = (await server.send('/api/v1/me', { token: secrets.operator })).json();

    expect(operator).toMatchObject({ name: 'operator', role: 'operator', via: 'token' });
    expect(operator['actions']).toContain('startBackup');
    expect(operator['actions']).not.toContain('deleteBackup');
  });

  it('refuses expired, revoked, unknown and malformed tokens with one and the same text', async () => {
    const headers = [
      'Basic YTpi',
      'Bearer',
      'Bearer unknown',
      `Bearer ${secrets.expired}`,
      `Bearer ${secrets.revoked}`,
      'Bearer a b',
    ];

    const answers = await Promise.all(
      headers.map((authorization) => server.send('/api/v1/me', { headers: { authorization } })),
    );

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    expect(new Set(answers.map((answer) => answer.json()['detail'])).size).toBe(1);
    for (const { text } of answers) expect(text).not.toMatch(/gdr_|YTpi/);
  });

  it('hides file names from viewers', async () => {
    const seenBy = async (role: Role): Promise<string> =>
      (
        await Promise.all(
          ['/api/v1/backups', '/api/v1/backups/b1', '/api/v1/drills'].map((path) =>
            server.send(path, { token: secrets[role] }),
          ),
        )
      )
        .map(({ text }) => text)
        .join('');

    expect(await seenBy('viewer')).not.toContain('payroll');
    expect((await seenBy('operator')).match(/payroll/g)).toHaveLength(4);
  });
});
