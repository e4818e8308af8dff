import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ok } from '../contract/errors.ts';
import type { CliDeps } from './deps.ts';
import { buildProgram } from './program.ts';
import { cliReference } from './reference.ts';
import { inertDeps } from './testing.ts';
import { runIn } from './testing/program.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'genesis-cli-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));
const run = (argv: readonly string[], changes?: Partial<CliDeps>) => runIn(home, argv, changes);

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
