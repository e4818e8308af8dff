import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildProgram } from './program.ts';
import { inertDeps, recordOutput } from './testing.ts';

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

async function run(reply: unknown, ...argv: string[]) {
  const stdout = recordOutput();
  const deps = inertDeps({
    stdout,
    fetch: (url, init) => {
      const path = new URL(url).pathname.replace('/api/v1', '');
      if (path !== '/healthz') sent.push([init.method, path, init.body].filter(Boolean).join(' '));
      return Promise.resolve(new Response(JSON.stringify(reply)));
    },
  });
  const code = await buildProgram(deps).run(['--home', home, ...argv]);
  return { code, stdout: stdout.text() };
}

describe.each([
  ['failover', 'shop does not fail over by itself until', 'shop fails over by itself again\n'],
  ['scaling', 'shop is not scaled by itself until', 'shop is scaled by itself again\n'],
])('genesis %s', (automation, paused, resumed) => {
  it('pauses with a time and a reason', async () => {
    const pause = { by: 'ann', reason: 'disks', since: '2026-11-22T03:00:00.000Z', until: '2026-11-22T05:00:00.000Z' };

    const ran = await run(pause, automation, 'pause', 'shop', '--for', '2h', '--reason', 'disks');

    expect(sent).toEqual([`POST /services/shop/${automation}/pause {"seconds":7200,"reason":"disks"}`]);
    expect(ran).toEqual({ code: 0, stdout: `${paused} 2026-11-22 05:00:00Z\n` });
    expect((await run(pause, automation, 'pause', 'shop', '--for', '2h')).code).toBe(2);
  });

  it('resumes, and says where there was nothing to resume', async () => {
    const answer = (was: boolean) => run({ service: 'shop', resumed: was }, automation, 'resume', 'shop');

    expect(await answer(true)).toEqual({ code: 0, stdout: resumed });
    expect(await answer(false)).toEqual({ code: 0, stdout: 'it was not paused\n' });
    expect(sent[0]).toBe(`POST /services/shop/${automation}/resume {}`);
  });
});
