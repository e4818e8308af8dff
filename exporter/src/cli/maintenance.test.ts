import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serviceWith } from '../contract/testing.ts';
import { buildProgram } from './program.ts';
import { inertDeps, recordOutput } from './testing.ts';

const window = {
  service: 'shop',
  by: 'operator',
  reason: 'disks',
  since: '2026-11-22T03:00:00.000Z',
  until: '2026-11-22T05:00:00.000Z',
};
let home = '';
let sent: string[] = [];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'genesis-cli-'));
  sent = [];
  mkdirSync(join(home, 'run'));
  mkdirSync(join(home, 'tokens'));
  writeFileSync(join(home, 'run/address'), '127.0.0.1:9847\n');
  writeFileSync(join(home, 'tokens/operator'), 'the-token\n');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Answers like a server with the services shop and ledger. */
function answerTo(method: string, path: string): unknown {
  if (path === '/services')
    return { items: [serviceWith({ name: 'shop' }), serviceWith({ name: 'ledger' })], next: null };
  const service = path.split('/')[2] ?? '';
  if (method === 'POST') return { ...window, service };
  if (method === 'DELETE') return { service, ended: service === 'shop' };
  return { items: [window], next: null };
}

async function run(...argv: string[]) {
  const stdout = recordOutput();
  const stderr = recordOutput();
  const deps = inertDeps({
    stdout,
    stderr,
    fetch: (url, init) => {
      const path = new URL(url).pathname.replace('/api/v1', '');
      if (path !== '/healthz') sent.push([init.method, path, init.body].filter(Boolean).join(' '));
      return Promise.resolve(new Response(JSON.stringify(answerTo(init.method ?? 'GET', path))));
    },
  });
  const code = await buildProgram(deps).run(['--home', home, 'maintenance', ...argv]);
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

describe('genesis maintenance', () => {
  it('opens a window for each named service', async () => {
    const ran = await run('start', '--service', 'shop, ledger,shop', '--for', '2h', '--reason', 'disks');

    expect(sent).toEqual([
      'GET /services',
      'POST /services/shop/maintenance {"seconds":7200,"reason":"disks"}',
      'POST /services/ledger/maintenance {"seconds":7200,"reason":"disks"}',
    ]);
    expect(ran).toEqual({
      code: 0,
      stdout: [
        'alerts of shop are muted until 2026-11-22 05:00:00Z',
        'alerts of ledger are muted until 2026-11-22 05:00:00Z',
        '',
      ].join('\n'),
      stderr: '',
    });
  });

  it.each([
    [
      'a misspelt second service',
      ['--service', 'shop,legder', '--for', '2h'],
      5,
      'no service is called legder; no window was opened',
    ],
    ['no service at all', ['--service', ',', '--for', '2h'], 2, 'name a service'],
    ['more than seven days', ['--service', 'shop', '--for', '8d'], 2, 'lasts at most 7d'],
    ['no time', ['--service', 'shop', '--for', '0s'], 2, 'a number and a unit'],
  ])('opens none with %s', async (_name, argv, code, message) => {
    const ran = await run('start', ...argv, '--reason', 'disks');

    expect(ran.code).toBe(code);
    expect(ran.stderr).toContain(message);
    expect(sent.filter((line) => line.startsWith('POST'))).toEqual([]);
  });

  it('wants a reason', async () => {
    expect((await run('start', '--service', 'shop', '--for', '2h')).code).toBe(2);
    expect((await run('start', '--service', 'shop', '--for', '2h', '--reason', ' ')).code).toBe(4);
  });

  it('closes windows, and says where there was none', async () => {
    const ran = await run('end', '--service', 'shop,ledger');

    expect(sent).toEqual(['DELETE /services/shop/maintenance', 'DELETE /services/ledger/maintenance']);
    expect(ran.stdout).toBe('shop: window closed\nledger: no window was open\n');
  });

  it('lists the open windows', async () => {
    expect((await run()).stdout).toBe(
      [
        'SERVICE  UNTIL                 CLOSES  BY        REASON',
        'shop     2026-11-22 05:00:00Z  in 2h   operator  disks',
        '',
      ].join('\n'),
    );
    expect(JSON.parse((await run('list', '--json')).stdout)).toEqual([window]);
  });
});
