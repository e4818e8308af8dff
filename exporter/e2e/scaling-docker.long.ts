import type { Outcome } from '../src/contract/errors.ts';
import { scalingConformance } from '../src/engines/scaling/conformance.ts';
import { createDockerEngine } from '../src/engines/scaling/docker/engine.ts';
import { DockerOptions } from '../src/engines/scaling/docker/options.ts';
import type { ScalingEngine } from '../src/engines/scaling/port.ts';
import { systemClock } from '../src/runtime/clock.ts';
import { httpPort, startPodman, whyNoContainers, type Podman } from './support/podman.ts';
import { cleanUp } from './support/processes.ts';

// The engine with the real client library on a real Podman: real containers, an image made from a folder, nothing pulled. Where containers
// cannot run (a sandbox inside another) its API is still real, and engine.test.ts has what it answers where they can.

const never = new AbortController().signal;
const serve = ['/bin/busybox', 'httpd', '-f', '-p', String(httpPort), '-h', '/www'];
// Started before the tests are named: which they are depends on whether containers can run here.
const podman: Podman = await startPodman();
const refused = whyNoContainers(podman);

function engineFor(app: string, more: object = {}): ScalingEngine {
  const given = {
    socket: podman.socket,
    labels: { app },
    image: podman.image,
    command: serve,
    port: httpPort,
    ...more,
  };
  return createDockerEngine(DockerOptions.parse(given), { clock: systemClock, fetch, service: app });
}

function value<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}

function failure(outcome: Outcome<unknown>) {
  if (outcome.ok) throw new Error('it did not fail');
  return outcome.error;
}

const notes: string[] = [];
function scale(engine: ScalingEngine, desired: number, more: { remove?: string[]; readySeconds?: number } = {}) {
  const context = { signal: never, operation: 'op', note: (line: string) => void notes.push(line) };
  return engine.scale({ desired, remove: [], readySeconds: 20, drainSeconds: 1, ...more }, context);
}

const inspect = (name: string, format: string) => podman.run('inspect', '--format', format, name);

afterAll(async () => {
  await podman.stop();
  await cleanUp();
}, 60_000);

if (refused === null) onContainers();
else withoutContainers(refused);

function onContainers(): void {
  scalingConformance('docker, containers of Podman', async () => {
    // New ones get another command from the moment it is broken: one that runs and listens on nothing.
    const command = [...serve];
    const given = {
      socket: podman.socket,
      labels: { app: 'shop' },
      image: podman.image,
      port: httpPort,
      health_path: '/index.html',
    };
    const options = { ...DockerOptions.parse(given), command };
    const make = () => createDockerEngine(options, { clock: systemClock, fetch, service: 'shop' });
    return {
      engine: make(),
      breakReady: async () => void command.splice(0, command.length, '/bin/busybox', 'sleep', '1000'),
      dispose: async () => undefined,
      reopen: async () => make(),
      count: async () => podman.run('ps', '--quiet', '--filter', 'label=app=shop').split('\n').filter(Boolean).length,
      drainSeconds: 1,
    };
  });

  describe('a new container', () => {
    it('is like the newest where no image is configured, with its own name and labels', async () => {
      podman.run('run', '--detach', '--name', 'made-by-hand', '--label', 'app=like', '--env', 'COLOUR=blue', '--memory', '64m', '--cpus', '0.5', '--pids-limit', '99', '--restart', 'always', podman.image, ...serve); // prettier-ignore
      const engine = engineFor('like', { image: null, command: null });

      const done = value(await scale(engine, 2));

      expect(done.added).toEqual(['like-1']);
      expect(inspect('like-1', '{{.Image}}')).toBe(inspect('made-by-hand', '{{.Image}}'));
      expect(JSON.parse(inspect('like-1', '{{json .Config.Env}}'))).toContain('COLOUR=blue');
      expect(JSON.parse(inspect('like-1', '{{json .Config.Labels}}'))).toMatchObject({ app: 'like' });
      expect(inspect('like-1', '{{.HostConfig.Memory}}')).toBe(String(64 * 2 ** 20));
      expect(inspect('like-1', '{{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}')).toBe('500000000 99');
      expect(inspect('like-1', '{{.HostConfig.RestartPolicy.Name}}')).toBe('always');
      const [first, second] = done.fleet.instances;
      expect(first?.address).not.toBe(second?.address);
      value(await scale(engine, 0));
      expect(failure(await scale(engine, 1)).message).toMatch(/^no container has the labels app=like/);
    });

    it('is made of an image that is there; nothing is pulled', async () => {
      const engine = engineFor('pulled', { image: 'registry.invalid/none:1' });

      const error = failure(await scale(engine, 1));
      expect(error).toMatchObject({ code: 'scaling_failed', message: expect.stringMatching(/Genesis never pulls/) });
      expect(value(await engine.fleet(never)).instances).toEqual([]);
    });

    it('that ends at once is told with its exit code, before the time is up; the next action clears it away', async () => {
      const engine = engineFor('broken', { command: ['/bin/busybox', 'sh', '-c', 'exit 3'] });

      const begun = performance.now();
      const error = failure(await scale(engine, 1, { readySeconds: 60 }));
      expect(error).toMatchObject({ code: 'instance_not_ready', details: { added: ['broken-1'] } });
      expect(error.message).toMatch(/broken-1: (exited|stopped) with 3/);
      expect(performance.now() - begun).toBeLessThan(30_000);
      expect(value(await engine.fleet(never)).instances[0]).toMatchObject({ state: 'unready' });
      expect((await engine.warnings(never)).join('\n')).toMatch(/broken-1 has ended and is still there/);
      value(await scale(engine, 0));
      expect(value(await engine.fleet(never)).instances).toEqual([]);
    });

    it('that another one has the name of gets the next', async () => {
      podman.run('create', '--name', 'taken-1', podman.image, ...serve);

      expect(value(await scale(engineFor('taken'), 1)).added).toEqual(['taken-2']);
    });
  });

  describe('the load', () => {
    it('is told from the second look on, and the least loaded ends first', async () => {
      const loop = ['/bin/busybox', 'sh', '-c', 'while true; do :; done'];
      podman.run('run', '--detach', '--name', 'lazy', '--label', 'app=load', '--memory', '64m', podman.image, ...serve);
      podman.run('run', '--detach', '--name', 'hard', '--label', 'app=load', '--cpus', '0.2', podman.image, ...loop);
      const engine = engineFor('load', { port: null });
      const loads = async () => value(await engine.fleet(never)).instances.map(({ load }) => load ?? NaN);

      expect(await loads()).toEqual([NaN, NaN]);
      await systemClock.sleep(6_000, never);
      const [lazy = NaN, hard = NaN] = await loads();

      expect(lazy).toBeLessThan(0.1);
      expect(hard).toBeGreaterThan(0.5); // of its fifth of a processor
      expect(await engine.readMetric?.('cpu', never)).toMatchObject({ known: true, value: (lazy + hard) / 2 });
      expect(await engine.readMetric?.('memory', never)).toMatchObject({ known: true, value: expect.any(Number) });
      // The newest would end if nobody knew how loaded they are.
      expect(value(await scale(engine, 1)).removed).toEqual(['lazy']);
      value(await scale(engine, 0));
    });
  });

  describe('what ends', () => {
    it('has ended and is removed; what somebody else made and has ended is left to them', async () => {
      podman.run('run', '--name', 'theirs', '--label', 'app=ends', podman.image, '/bin/busybox', 'true');
      const engine = engineFor('ends');
      value(await scale(engine, 2));

      const done = value(await scale(engine, 1, { remove: ['ends-1'] }));

      expect(done.removed).toEqual(['ends-1']);
      expect(
        podman.run('ps', '--all', '--format', '{{.Names}}', '--filter', 'label=app=ends').split('\n').sort(),
      ).toEqual(['ends-2', 'theirs']);
    });

    it('is seen by whoever ended it past Genesis', async () => {
      const engine = engineFor('gone');
      value(await scale(engine, 2));
      podman.run('rm', '--force', '--time', '0', 'gone-1');

      expect(value(await engine.fleet(never)).instances.map(({ name }) => name)).toEqual(['gone-2']);
      expect(value(await scale(engine, 2)).added).toEqual(['gone-1']);
    });
  });
}

/** Podman answers and cannot start anything: then that is what has to be told, and nothing may be left behind. */
function withoutContainers(why: string): void {
  it(`a container that the product cannot start is told and not left behind (${why})`, async () => {
    const engine = engineFor('unstartable');

    expect(failure(await scale(engine, 1))).toMatchObject({ code: 'scaling_failed' });
    expect(value(await engine.fleet(never)).instances).toEqual([]);
  });
}

describe('what goes wrong', () => {
  it('a socket where nobody listens', async () => {
    const error = failure(await engineFor('x', { socket: '/nowhere/docker.sock' }).fleet(never));

    expect(error).toMatchObject({ code: 'scaling_failed', retryable: true });
    expect(error.message).toContain('nobody listens there');
  });

  it('no labels: then every container would be one', async () => {
    expect(failure(await engineFor('x', { labels: {} }).fleet(never)).message).toMatch(/docker.labels is empty/);
  });

  it('a Swarm service where there is no Swarm', async () => {
    const engine = engineFor('x', { mode: 'service', service: 'web' });

    expect(failure(await engine.fleet(never))).toMatchObject({ code: 'scaling_failed' });
    expect(engine.choosesRemoved).toBe(false);
  });
});
