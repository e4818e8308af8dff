import { createHmac } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { scalingConformance } from '../src/engines/scaling/conformance.ts';
import { createCommandEngine, type CommandSettings } from '../src/engines/scaling/command/engine.ts';
import { CommandOptions } from '../src/engines/scaling/command/options.ts';
import type { ScalingEngine } from '../src/engines/scaling/port.ts';
import { systemClock } from '../src/runtime/clock.ts';
import { systemExec } from '../src/runtime/exec.ts';
import { messageOf, valueOf } from './support/outcomes.ts';
import { cleanUp, tempFolder } from './support/processes.ts';
import { providerIn, writePrograms, type Provider } from './support/provider.ts';
import { scalingContext, silent } from './support/workers.ts';

// An operator's own programs, and a receiver of signed calls: both keep their instances in a file.

const { signal } = new AbortController();
const secret = 'only the two know it';

const provider = (): Provider => providerIn(tempFolder('gcmd-'));

function engineOf(settings: CommandSettings): ScalingEngine {
  return createCommandEngine(settings, { exec: systemExec, clock: systemClock, fetch, log: silent, service: 'shop' });
}

function programsOf({ folder }: Provider, change: Partial<CommandOptions> = {}): CommandOptions {
  return CommandOptions.parse({ ...writePrograms(folder), ...change });
}

const request = (desired: number, remove: readonly string[] = []) => ({
  desired,
  remove,
  readySeconds: 3,
  drainSeconds: 1,
});

const servers: Server[] = [];
afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await cleanUp();
});

interface Receiver {
  readonly url: string;
  readonly calls: { readonly body: Record<string, unknown>; readonly isSigned: boolean }[];
}

/** Checks the signature as a receiver should, and lists or scales. */
async function receiver(one: Provider): Promise<Receiver> {
  const calls: Receiver['calls'] = [];
  const server = createServer((message, reply) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const at = String(message.headers['x-genesis-timestamp']);
      const expected = `sha256=${createHmac('sha256', secret).update(`${at}.${text}`).digest('hex')}`;
      const body = JSON.parse(text) as Record<string, unknown>;
      const isSigned = message.headers['x-genesis-signature'] === expected;
      calls.push({ body, isSigned });
      reply.statusCode = isSigned ? 200 : 401;
      if (isSigned && body['action'] === 'scale')
        one.scale(body['desired'] as number, body['remove'] as readonly string[]);
      reply.end(JSON.stringify(isSigned ? { instances: one.list() } : { error: 'the signature is wrong' }));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/scaling`, calls };
}

scalingConformance('webhook', async () => {
  const one = provider();
  const { url } = await receiver(one);
  return {
    engine: engineOf({ command: null, webhook: { url, secret } }),
    breakReady: async () => one.set('broken'),
    hopelessSeconds: 1,
    dispose: () => Promise.resolve(),
  };
});

describe('programs that scale', () => {
  it('are told what is wanted, and are believed only by the list', async () => {
    const one = provider();
    const engine = engineOf({ command: programsOf(one), webhook: null });

    const out = valueOf(await engine.scale(request(2), scalingContext()));
    const { env, ...told } = JSON.parse(readFileSync(path.join(one.folder, 'told.json'), 'utf8')) as {
      env: Record<string, string>;
    };
    const down = valueOf(await engine.scale(request(1, ['vm-1']), scalingContext()));

    expect(out).toMatchObject({ added: ['vm-1', 'vm-2'], removed: [] });
    expect(told).toEqual({ desired: '2', current: '0', remove: '' });
    expect(env).toMatchObject({
      GENESIS_SERVICE: 'shop',
      GENESIS_ACTION: 'scale',
      GENESIS_DESIRED: '2',
      GENESIS_OPERATION: 'op-test',
    });
    expect(down).toMatchObject({
      added: [],
      removed: ['vm-1'],
      fleet: { instances: [{ name: 'vm-2', state: 'ready' }] },
    });
    expect(engine.choosesRemoved).toBe(true);
  });

  it('that fail are judged by what is there', async () => {
    const [done, undone] = [provider(), provider()];
    for (const one of [done, undone]) one.set('fail');
    undone.set('ignore');
    const context = scalingContext();

    const all = valueOf(await engineOf({ command: programsOf(done), webhook: null }).scale(request(1), context));
    const nothing = await engineOf({ command: programsOf(undone), webhook: null }).scale(request(1), scalingContext());

    expect(all.fleet.instances).toMatchObject([{ name: 'vm-1', state: 'ready' }]);
    expect(context.notes).toEqual([
      expect.stringMatching(/^the number is reached all the same: .* ended with 3: no idea/),
    ]);
    expect(messageOf(nothing)).toMatch(/^exec_failed: .* ended with 3: no idea what happened$/);
  });

  it('that say yes and do nothing, or too much, are found out', async () => {
    const [lazy, eager] = [provider(), provider()];
    lazy.set('ignore');
    eager.set('more');
    const short = { ...request(1), readySeconds: 1 };
    const tried = await Promise.all(
      [lazy, eager].map((one) => engineOf({ command: programsOf(one), webhook: null }).scale(short, scalingContext())),
    );

    expect(tried.map(messageOf)).toEqual([
      'scaling_failed: 1 instances were wanted in place of 0, and the list shows still 0',
      'scaling_conflict: 1 instances were wanted in place of 0, and the list shows 2',
    ]);
  });

  it('that cannot be run, print nonsense or hang are said to', async () => {
    const one = provider();
    const script = (text: string): string[] => {
      const file = path.join(one.folder, `${text.length}.sh`);
      writeFileSync(file, `#!/bin/sh\n${text}\n`);
      chmodSync(file, 0o755);
      return [file];
    };
    const listed = async (list: string[], timeout = 5) =>
      messageOf(await engineOf({ command: programsOf(one, { list, timeout }), webhook: null }).fleet(signal));

    expect(await listed(['/none/such'])).toMatch(/^exec_failed: \/none\/such could not be started/);
    expect(await listed(script('echo hello'))).toMatch(/^scaling_failed: .* is no JSON: hello$/);
    expect(await listed(script(`echo '[{"name":"a","state":"fine"}]'`))).toMatch(/is no list of instances: 0\.state: /);
    expect(await listed(script(`echo '[{"name":"a","state":"ready"},{"name":"a","state":"ready"}]'`))).toMatch(
      /names a twice$/,
    );
    expect(await listed(script('echo no >&2; exit 7'))).toMatch(/ended with 7: no$/);
    expect(await listed(script('sleep 30'), 0.2)).toMatch(/^exec_timeout: /);
    expect(messageOf(await engineOf({ command: null, webhook: null }).fleet(signal))).toMatch(/^not_supported: /);
  });
});

describe('a webhook that scales', () => {
  it('is called with a signature and the whole order', async () => {
    const one = provider();
    const { url, calls } = await receiver(one);
    const engine = engineOf({ command: null, webhook: { url, secret } });

    valueOf(await engine.scale(request(2), scalingContext()));
    valueOf(await engine.scale(request(1, ['vm-2']), scalingContext()));

    expect(calls.every(({ isSigned }) => isSigned)).toBe(true);
    expect(calls.map(({ body }) => body).filter(({ action }) => action === 'scale')).toEqual([
      { action: 'scale', service: 'shop', desired: 2, current: 0, remove: [], operation: 'op-test' },
      { action: 'scale', service: 'shop', desired: 1, current: 2, remove: ['vm-2'], operation: 'op-test' },
    ]);
    expect(calls[0]?.body).toEqual({ action: 'list', service: 'shop' });
  });

  it('that refuses the call is told in its own words, without the secret', async () => {
    const { url } = await receiver(provider());
    const said = messageOf(
      await engineOf({ command: null, webhook: { url, secret: 'a wrong one' } }).scale(request(1), scalingContext()),
    );

    expect(said).toBe(
      `scaling_failed: list of shop: the webhook ${url} answered with HTTP 401: the signature is wrong`,
    );
    expect(said).not.toContain('a wrong one');
  });
});
