import { createBench, type Bench } from './testing.ts';

// What the engine of a service needs.

const postgres = 'postgres: { data: /srv/pg }';
const cases: readonly [string, string, string, string][] = [
  ['no server', 'backup: { engine: pg_dump }', 'services[0].postgres', 'add postgres'],
  ['no data folder', 'backup: { engine: pgbackrest }, postgres: {}', 'services[0].postgres.data', 'PGDATA'],
  [
    'paths of a database',
    `backup: { engine: pgbackrest, components: { data: { paths: [/srv] } } }, ${postgres}`,
    'services[0].backup.components',
    'service of their own',
  ],
  [
    'differentials of another engine',
    "backup: { schedules: { differential: '0 3 * * *' } }",
    'services[0].backup.schedules.differential',
    'pgbackrest',
  ],
  ['restic without a passphrase', 'backup: { engine: restic }', 'services[0].backup.encryption', 'passphrase'],
  [
    'a store for archives',
    'backup: { remote: { rest: { url: "http://h" } } }',
    'services[0].backup.remote.rest',
    'pgbackrest or restic',
  ],
  [
    'two stores at once',
    `backup: { engine: pgbackrest, remote: { rest: { url: "http://h" }, sftp: { host: h } } }, ${postgres}`,
    'services[0].backup.remote',
    'exactly one',
  ],
  [
    'level 5 without a comparison',
    'backup: { engine: pgbackrest }, postgres: { data: /srv/pg, drill: { level: 5 } }',
    'services[0].postgres.drill.level',
    'quality.enabled',
  ],
  [
    'a standby named like a copy',
    'copies: [{ name: a, path: /mnt/a }], postgres: { standbys: [{ name: a }] }',
    'services[0].postgres.standbys[0].name',
    'its own name',
  ],
  [
    'a check without its section',
    'health: { checks: [{ name: a, kind: tcp }] }',
    'services[0].health.checks[0].tcp',
    'add tcp',
  ],
  [
    'two checks of a name',
    'health: { checks: [{ name: a, kind: tcp, tcp: { host: h, port: 1 } }, { name: a, kind: tcp, tcp: { host: h, port: 1 } }] }',
    'services[0].health.checks[1].name',
    'its own name',
  ],
  [
    'a postgres check without a server',
    'health: { checks: [{ name: a, kind: postgres }] }',
    'services[0].postgres',
    'section',
  ],
  [
    'a process check that names nothing',
    'health: { checks: [{ name: a, kind: process, process: {} }] }',
    'services[0].health.checks[0].process',
    'process id',
  ],
];

describe('what the engine of a service needs', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = createBench();
  });
  afterEach(() => bench.remove());

  it.each(cases)('refuses %s', (_what, yaml, path, mend) => {
    const found = bench.faults(`services: [{ name: shop, ${yaml} }]`).find((fault) => fault.path === path);
    expect(found?.mend).toContain(mend);
  });

  it('takes what is complete', () => {
    const { warnings } = bench.good(`services: [{ name: shop, backup: { engine: pgbackrest }, ${postgres} }]`);
    expect(warnings).toEqual([]);
  });
});
