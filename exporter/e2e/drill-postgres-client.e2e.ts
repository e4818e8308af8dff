import { execFileSync } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { chownSync } from 'node:fs';
import path from 'node:path';
import { connect, withSession, type ConnectOptions } from '../src/engines/postgres/client.ts';
import { findPrograms } from '../src/engines/postgres/programs.ts';
import type { PostgresServer } from '../src/engines/postgres-target.ts';
import { systemExec } from '../src/runtime/exec.ts';
import { startPostgres, stopServers, type TestServer } from './support/postgres.ts';
import { cleanUp, freePort, tempFolder } from './support/processes.ts';

// Sessions with a real server: what they give, and what they say when it goes wrong.

const password = 'so-secret-4711';
let folder: string;
let server: TestServer;
let tcp: PostgresServer;
let ca: string;

beforeAll(async () => {
  folder = tempFolder('gclient-');
  server = await startPostgres({
    folder,
    hba: ['hostssl all guarded 127.0.0.1/32 scram-sha-256', 'host all guarded 127.0.0.1/32 reject'],
  });
  await server.sql(`CREATE ROLE guarded LOGIN PASSWORD '${password}'`);
  ca = path.join(server.data, 'server.crt');
  const key = path.join(server.data, 'server.key');
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', ca, ...subject], {
    stdio: 'ignore',
  });
  if (server.asOwner !== undefined)
    for (const file of [ca, key]) chownSync(file, server.asOwner.uid, server.asOwner.gid);
  await server.configure({ ssl: 'on' });
  tcp = { host: '127.0.0.1', port: server.port, user: 'guarded', password, database: 'postgres', tlsCa: ca };
});

afterAll(async () => {
  await stopServers();
  await cleanUp();
});

function options(o: Partial<ConnectOptions> = {}): ConnectOptions {
  return { statementTimeoutMs: 5000, connectTimeoutMs: 5000, signal: new AbortController().signal, ...o };
}

/** Every text of the error and of what caused it. */
function wordsOf(outcome: { readonly ok: boolean; readonly error?: Error }): string {
  return JSON.stringify([
    outcome.error?.message,
    outcome.error?.stack,
    outcome.error?.cause,
    (outcome.error as { details?: unknown })?.details,
  ]);
}

test('values come as text that loses nothing', async () => {
  const rows = await withSession(server.target(), options(), (session) =>
    session.query(`SELECT timestamptz '2026-11-22 03:00:00.123456+01' AS moment, timestamp '2026-11-22 02:00' AS local,
      9223372036854775807::bigint AS big, 1.10::numeric AS exact, date '2026-11-22' AS day, true AS yes, 'infinity'::timestamptz AS never,
      '{"a":1}'::jsonb AS json, NULL::int AS nothing, ARRAY['a','b'] AS list`),
  );

  expect(rows).toEqual({
    ok: true,
    value: [
      {
        moment: '2026-11-22T02:00:00.123Z',
        local: '2026-11-22T02:00:00.000Z',
        big: '9223372036854775807',
        exact: '1.10',
        day: '2026-11-22',
        yes: true,
        never: 'infinity',
        json: { a: 1 },
        nothing: null,
        list: ['a', 'b'],
      },
    ],
  });
});

test('over TLS with a password: verified against the authority, refused against another', async () => {
  const asked = await withSession(tcp, options(), (session) =>
    session.query<{ ssl: boolean }>('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'),
  );
  expect(asked).toEqual({ ok: true, value: [{ ssl: true }] });

  const plain = await connect({ ...tcp, tlsCa: null }, options());
  expect(plain).toMatchObject({ ok: false, error: { code: 'postgres_failed', details: { sqlstate: '28000' } } });
  const stranger = await connect({ ...tcp, host: 'localhost' }, options());
  expect(stranger).toMatchObject({ ok: false, error: { code: 'postgres_unreachable' } });
});

test('a wrong password is the server’s no, and neither password is in any text', async () => {
  const refused = await connect({ ...tcp, password: 'wrong-0815' }, options());

  expect(refused).toMatchObject({ ok: false, error: { code: 'postgres_failed', details: { sqlstate: '28P01' } } });
  expect(wordsOf(refused as { ok: boolean; error: Error })).not.toMatch(/wrong-0815|so-secret/);
});

test('faults of statements carry their SQLSTATE, and the session goes on', async () => {
  const session = await connect(server.target(), options({ statementTimeoutMs: 200 }));
  if (!session.ok) throw session.error;

  expect(await session.value.query('SELECT no_such_column')).toMatchObject({
    error: { code: 'postgres_failed', details: { sqlstate: '42703' } },
  });
  expect(await session.value.query('SELECT pg_sleep(10)')).toMatchObject({
    error: { code: 'postgres_failed', details: { sqlstate: '57014' } },
  });
  expect(await session.value.query('SELECT 1 AS a; SELECT 2 AS b')).toEqual({ ok: true, value: [{ b: 2 }] });
  expect(await session.value.query('SELECT 1; SELECT 2', [])).toMatchObject({
    error: { details: { sqlstate: '42601' } },
  });
  expect(await session.value.query('SELECT $1::text AS given', ['it’s'])).toEqual({
    ok: true,
    value: [{ given: 'it’s' }],
  });
  await session.value.end();
});

test('nobody there, a server that never answers, a session that is killed, an abort: said within their time', async () => {
  const dead = await connect({ ...tcp, port: await freePort(), tlsCa: null }, options());
  expect(dead).toMatchObject({ ok: false, error: { code: 'postgres_unreachable', retryable: true } });

  const silent: Server = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as { port: number };
  const mute = await connect({ ...tcp, port, tlsCa: null }, options({ connectTimeoutMs: 300 }));
  expect(mute).toMatchObject({
    ok: false,
    error: { code: 'postgres_unreachable', message: expect.stringContaining('0.3 s') },
  });
  silent.close();

  const session = await connect(server.target(), options());
  if (!session.ok) throw session.error;
  await server.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'genesis'`);
  expect(await session.value.query('SELECT 1')).toMatchObject({ ok: false, error: { code: 'postgres_unreachable' } });
  await session.value.end();

  const controller = new AbortController();
  const asked = await connect(server.target(), options({ signal: controller.signal }));
  if (!asked.ok) throw asked.error;
  setTimeout(() => controller.abort(), 100);
  expect(await asked.value.query('SELECT pg_sleep(4)')).toMatchObject({ ok: false, error: { code: 'cancelled' } });
  await asked.value.end();
});

test('the programs are found, by folder, by themselves and by version', async () => {
  const { signal } = new AbortController();
  const major = Number(/postgresql\/(\d+)/.exec(server.bin)?.[1]);

  expect(await findPrograms(systemExec, server.bin, signal)).toMatchObject({
    ok: true,
    value: { bin: server.bin, major, server: true },
  });
  expect(await findPrograms(systemExec, null, signal, major)).toMatchObject({ ok: true, value: { bin: server.bin } });
  expect(await findPrograms(systemExec, server.bin, signal, 9)).toMatchObject({
    ok: false,
    error: { code: 'version_mismatch' },
  });
  expect(await findPrograms(systemExec, folder, signal)).toMatchObject({
    ok: false,
    error: { code: 'program_missing' },
  });
});
