import { ok } from '../../../contract/errors.ts';
import type { ExecResult } from '../../../ports/index.ts';
import type { FailoverCluster, FailoverNode } from '../port.ts';
import type { ServiceDeps } from './actions.ts';
import { createServiceFailover } from './engine.ts';

const commands = { stop: null, start: null, confirmDown: null, promote: null, demote: null, admit: null };
const node = {
  name: 'a',
  url: 'http://10.0.0.1/health',
  commands: { ...commands, drain: ['/bin/drain'] },
  webhook: null,
};
const cluster = { service: 'shop', nodes: [node], timeoutSeconds: 30, probeTimeoutSeconds: 1 };
const context = { signal: new AbortController().signal, note: () => undefined };

/** A member at whose address that happens, and how often its drain was run and its health looked at. */
function memberOf(answer: () => Promise<Response>) {
  const counted = { drains: 0, looks: 0 };
  const deps = {
    clock: {
      now: () => new Date('2026-11-22T12:00:00.000Z'),
      sleep: async () => Promise.reject(new Error('it waits')),
    },
    exec: {
      run: async () => {
        counted.drains += 1;
        return ok({ exitCode: 0, stdout: '', stderr: '' } as ExecResult);
      },
    },
    fetch: () => {
      counted.looks += 1;
      return answer();
    },
  } as unknown as ServiceDeps;
  const engine = createServiceFailover(deps);
  const demote = () => engine.demote(cluster as unknown as FailoverCluster, node as unknown as FailoverNode, context);
  return { demote, counted };
}

describe('a member that is taken out by its drain command', () => {
  it('is out at once where nobody listens any more, and its drain was run', async () => {
    const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    const { demote, counted } = memberOf(() => Promise.reject(new TypeError('fetch failed', { cause: refused })));

    expect(await demote()).toMatchObject({ ok: true });
    expect(counted).toEqual({ drains: 1, looks: 2 });
  });

  it('is out already where its health fails', async () => {
    const { demote, counted } = memberOf(async () => new Response('', { status: 503 }));

    expect(await demote()).toMatchObject({ ok: true });
    expect(counted).toEqual({ drains: 0, looks: 1 });
  });

  it('is waited for while it goes on answering', async () => {
    const { demote } = memberOf(async () => new Response('OK'));

    await expect(demote()).rejects.toThrow('it waits');
  });
});
