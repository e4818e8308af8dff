import { createBench, type Bench } from './testing.ts';

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.remove());

const service = (rest: string): string => `services: [{ name: a, ${rest} }]`;
const check = 'health: { checks: [{ name: page, kind: http, http: { url: "http://localhost" } }] }';

describe('playbooks', () => {
  it.each(['auto', 'observe'])('of mode %s need a health check', (mode) => {
    const [fault] = bench.faults(service(`playbooks: { mode: ${mode} }`));

    expect(fault).toMatchObject({ path: 'services[0].playbooks.mode' });
    expect(fault?.message).toContain('needs health checks');
  });

  it('are off, limited and without any hook where nothing is said', () => {
    const { playbooks } = bench.good(service(check)).config.services[0] ?? {};

    expect(playbooks).toMatchObject({ mode: 'off', max_per_hour: 3, backoff: 10, cooldown: 300, verify: 30 });
    expect(Object.values(playbooks?.hooks ?? {})).toEqual(Array.from({ length: 7 }, () => null));
  });

  it('take commands as arrays of arguments, and nothing that a shell would have to read', () => {
    const hooks = (command: string): string =>
      service(`${check}, playbooks: { mode: auto, hooks: { restart_service: { command: ${command} } } }`);

    expect(bench.good(hooks('[/bin/true]')).config.services[0]?.playbooks.hooks.restart_service).toEqual({
      command: ['/bin/true'],
      timeout: 60,
    });
    expect(bench.faults(hooks('/bin/true now'))[0]?.path).toBe('services[0].playbooks.hooks.restart_service.command');
  });
});
