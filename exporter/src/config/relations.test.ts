import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createBench } from './testing.ts';
import type { Bench } from './testing.ts';

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.remove());

const service = (rest: string): string => `services: [{ name: a, ${rest} }]`;

describe('impossible relations are faults', () => {
  it.each([
    [
      'two services of one name',
      'services: [{ name: a }, { name: b }, { name: a }]',
      'services[2].name',
      'already services[0]',
    ],
    [
      'two copies of one name',
      service('copies: [{ name: c, path: /x1 }, { name: c, path: /x2 }]'),
      'services[0].copies[1].name',
      'already copies[0]',
    ],
    [
      'a bad cron expression',
      service('backup: { schedules: { full: "0 25 * * *" } }'),
      'services[0].backup.schedules.full',
      'not a cron expression',
    ],
    [
      'a cron expression with too few fields',
      service('backup: { schedules: { incremental: "0 2 * *" } }'),
      'services[0].backup.schedules.incremental',
      '4 fields',
    ],
    [
      'a moment that never comes',
      service('drills: { schedule: "0 2 30 2 *" }'),
      'services[0].drills.schedule',
      'never comes',
    ],
    [
      'an unknown time zone',
      service('drills: { timezone: Mars/Olympus }'),
      'services[0].drills.timezone',
      'Mars/Olympus',
    ],
    [
      'incrementals that outlive their full',
      service('backup: { retention: { full_days: 3 } }'),
      'services[0].backup.retention.incremental_days',
      'outlive',
    ],
    ['an address without a port', 'api: { listen: localhost }', 'api.listen', 'address:port'],
    ['a port that cannot be', 'api: { listen: "127.0.0.1:99999" }', 'api.listen', 'address:port'],
    ['a session that idles longer than it lasts', 'api: { session_idle: 2d }', 'api.session_idle', 'session_max'],
    [
      'credentials in the address of Prometheus',
      'prometheus: { url: "http://u:p@h/" }',
      'prometheus.url',
      'user or password',
    ],
    [
      'credentials in an address',
      'alertmanager: { webhook_url: "http://u:p@h/" }',
      'alertmanager.webhook_url',
      'user or password',
    ],
  ])('%s', (_name, yaml, path, message) => {
    expect(bench.faults(yaml)).toMatchObject([{ path, message: expect.stringContaining(message) }]);
  });

  it('names interval and objective when a backup_sla cannot be kept, also a default one', () => {
    const faults = bench.faults(service('backup: { schedules: { incremental: null } }'));

    expect(faults).toMatchObject([
      { path: 'services[0].objectives.backup_sla', message: expect.stringMatching(/4h cannot be kept.* is 1d/) },
    ]);
  });

  it('sees nights and weekends without a backup', () => {
    const office = 'backup: { schedules: { full: "0 8 * * 1-5", incremental: "*/10 8-17 * * 1-5" } }';

    expect(bench.faults(service(`${office}, objectives: { backup_sla: 15h }`))[0]?.message).toContain('2d14h10m');
    expect(bench.good(service(`${office}, objectives: { backup_sla: 63h, rpo_sla: 63h }`)).warnings).toEqual([]);
  });

  it('holds a written rpo_sla and test_frequency_sla against the schedules', () => {
    const faults = bench.faults(service('objectives: { rpo_sla: 5m, test_frequency_sla: 1d }'));

    expect(faults.map((fault) => fault.path)).toEqual([
      'services[0].objectives.rpo_sla',
      'services[0].objectives.test_frequency_sla',
    ]);
  });

  it('refuses to listen beyond loopback in the clear', () => {
    const loaded = bench.load('api: { listen: "0.0.0.0:9847" }');

    expect(loaded).toMatchObject({ ok: false, error: { code: 'config_insecure' } });
    expect(bench.good('api: { listen: "0.0.0.0:9847", insecure: true }').config.api.insecure).toBe(true);
    expect(bench.good('api: { listen: "[::1]:9847" }').warnings).toEqual([]);
  });

  it('wants the files of TLS', () => {
    const faults = bench.faults('api: { listen: "0.0.0.0:1", tls: { cert: /nonexistent/c, key: /nonexistent/k } }');

    expect(faults.map((fault) => fault.path)).toEqual(['api.tls.key', 'api.tls.cert']);
  });
});

describe('relations of folders', () => {
  it('refuse a copy in the repository, beside it under a link, and one inside another', () => {
    const repository = join(bench.folder, 'repository');
    mkdirSync(repository);
    symlinkSync(repository, join(bench.folder, 'other-name'));
    const faults = bench.faults(
      service(
        `backup: { repository: ${repository} }, copies: [{ name: x, path: ${bench.folder}/other-name }, { name: y, path: ${repository}/deep }]`,
      ),
    );

    expect(faults.map(({ path, message }) => [path, message.includes('same folder')])).toEqual([
      ['services[0].copies[0].path', true],
      ['services[0].copies[1].path', false],
      ['services[0].copies[1].path', false],
    ]);
  });

  it('compare the default repository when the home is known', () => {
    const yaml = service(`copies: [{ name: x, path: ${bench.folder}/repository }]`);

    expect(bench.faults(yaml, { GENESIS_HOME: bench.folder })).toHaveLength(1);
    expect(bench.faults(yaml, {}, { home: bench.folder })).toHaveLength(1);
    expect(bench.good(yaml).warnings).toEqual([]);
  });

  it('refuse a source inside the repository, warn of a repository inside a source', () => {
    const inside = service(
      `backup: { repository: ${bench.folder}, components: { d: { paths: [${bench.folder}/data] } } }`,
    );
    const around = service(
      `backup: { repository: ${bench.folder}/r, components: { d: { paths: [${bench.folder}] } } }`,
    );

    expect(bench.faults(inside)[0]?.message).toContain('their own source');
    expect(bench.good(around).warnings).toMatchObject([
      { path: 'services[0].backup.repository', message: expect.stringContaining('skipped') },
    ]);
  });

  it('refuse two services with different keys in one repository', () => {
    const yaml = `services:
  - { name: a, backup: { repository: ${bench.folder}/r, encryption: { key: env:KEY } } }
  - { name: b, backup: { repository: ${bench.folder}/r } }
  - { name: c, backup: { repository: ${bench.folder}/r, encryption: { key: env:KEY } } }
`;
    const faults = bench.faults(yaml, { KEY: 'a long enough secret' });

    expect(faults).toMatchObject([
      { path: 'services[1].backup.repository', line: 3, message: expect.stringContaining('"a"') },
    ]);
  });
});

describe('what is allowed but surely not meant is a warning', () => {
  it.each([
    [
      'a path that is missing',
      service('backup: { components: { d: { paths: [/nonexistent/data] } } }'),
      'services[0].backup.components.d.paths[0]',
      'does not exist',
    ],
    [
      'a start command without a stop',
      service('restore: { start: [/bin/true] }'),
      'services[0].restore.start',
      'stop is not',
    ],
    [
      'a stop command without a start',
      service('restore: { stop: [/bin/true] }'),
      'services[0].restore.stop',
      'stay stopped',
    ],
    [
      'a command that is not there',
      service('drills: { check: { command: [/nonexistent/check] } }'),
      'services[0].drills.check.command',
      'may run',
    ],
    [
      'a command not on the PATH',
      service('drills: { check: { command: [no-such-program] } }'),
      'services[0].drills.check.command',
      'PATH',
    ],
    [
      'drills that are never scheduled',
      service('drills: { schedule: null }'),
      'services[0].objectives.test_frequency_sla',
      'by hand',
    ],
    [
      'drills rarer than the default promise',
      service('drills: { schedule: "0 4 1 * *" }'),
      'services[0].objectives.test_frequency_sla',
      '31d',
    ],
  ])('%s', (_name, yaml, path, message) => {
    expect(bench.good(yaml, { PATH: '/usr/bin:/bin' }).warnings).toMatchObject([
      { path, message: expect.stringContaining(message) },
    ]);
  });

  it('an objective below interval plus the last measured duration', () => {
    const yaml = service('objectives: { rpo_sla: 35m }');

    expect(bench.good(yaml, {}, { lastDurations: { a: 240 } }).warnings).toEqual([]);
    expect(bench.good(yaml, {}, { lastDurations: { a: 600 } }).warnings).toMatchObject([
      {
        path: 'services[0].objectives.rpo_sla',
        message: expect.stringContaining("30m plus the last backup's 10m"),
        mend: expect.stringContaining('40m'),
      },
    ]);
  });

  it('two components over the same files, and restores into a source', () => {
    const tree = join(bench.folder, 'tree');
    mkdirSync(join(tree, 'sub'), { recursive: true });
    const yaml = `restore: { roots: [${tree}/r] }\n${service(`backup: { components: { a: { paths: [${tree}] }, b: { paths: [${tree}/sub] } } }`)}`;

    expect(bench.good(yaml).warnings.map((warning) => warning.path)).toEqual([
      'restore.roots',
      'services[0].backup.components.b.paths[0]',
    ]);
  });

  it('a program on the PATH is found', () => {
    expect(bench.good(service('drills: { check: { command: ["sh"] } }'), { PATH: '/usr/bin:/bin' }).warnings).toEqual(
      [],
    );
  });
});
