import { fail, ok, type Outcome } from '../../../contract/errors.ts';
import type { ExecResult } from '../../../ports/index.ts';
import { createCommandEngine } from './engine.ts';
import { CommandOptions } from './options.ts';

const silence = (): void => undefined;
const calm = new AbortController().signal;

/** Two programs; `scale` does what a test says, and `list` prints what there is then. */
function programs(names: string[], scale: () => Outcome<ExecResult>) {
  const told: (readonly string[])[] = [];
  const done = (stdout: string): Outcome<ExecResult> => ok({ exitCode: 0, stdout, stderr: '', truncated: false });
  let ms = 0;
  const engine = createCommandEngine(
    { command: CommandOptions.parse({ list: ['list'], scale: ['scale', '{desired}', '-{remove}-'] }), webhook: null },
    {
      exec: {
        run: async (file, args) => {
          if (file === 'list') return done(JSON.stringify(names.map((name) => ({ name, state: 'ready' }))));
          told.push(args);
          return scale();
        },
      },
      clock: { now: () => new Date(ms), sleep: async (wait) => void (ms += wait) },
      fetch: () => Promise.reject(new Error('no webhook here')),
      log: { debug: silence, info: silence, warn: silence, error: silence },
      service: 'shop',
    },
  );
  const asked = (desired: number, remove: readonly string[]) =>
    engine.scale(
      { desired, remove, readySeconds: 0, drainSeconds: 0 },
      { signal: calm, operation: 'op', note: silence },
    );
  return { asked, told };
}

it('names stand in the arguments as they are, whatever they mean in a replacement', async () => {
  const names = ['a$&b', 'c'];
  const { asked, told } = programs(names, () => {
    names.shift();
    return ok({ exitCode: 0, stdout: '', stderr: '', truncated: false });
  });

  expect(await asked(1, ['a$&b'])).toMatchObject({ ok: true, value: { removed: ['a$&b'] } });
  expect(told).toEqual([['1', '-a$&b-']]);
});

it('an exit of 0 with a text of an error is no success', async () => {
  const { asked } = programs(['a'], () =>
    ok({ exitCode: 0, stdout: 'ERROR: quota exceeded', stderr: '', truncated: false }),
  );

  expect(await asked(2, [])).toMatchObject({
    error: {
      code: 'scaling_failed',
      message: '2 instances were wanted in place of 1, and the list shows still 1',
    },
  });
});

it('a program that ran out of time counts as failed unless the list shows all that was asked for', async () => {
  const names = ['a'];
  const late = fail('exec_timeout', 'scale did not end within 120 s');
  const failed = programs(names, () => late);
  expect(await failed.asked(2, [])).toMatchObject({ error: { code: 'exec_timeout' } });

  const done = programs(names, () => {
    names.push('b');
    return late;
  });
  expect(await done.asked(2, [])).toMatchObject({ ok: true, value: { added: ['b'] } });
});
