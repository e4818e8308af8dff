import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gatherFacts, hostProbes, proposeConfig } from './detect.ts';
import type { HostFacts, HostProbes } from './detect.ts';
import { createBench } from './testing.ts';

interface Machine {
  readonly folders: Readonly<Record<string, readonly string[]>>;
  readonly closed?: readonly string[];
  readonly mounts?: string;
  readonly sockets?: readonly string[];
  readonly free?: Readonly<Record<string, number>>;
}

/** Probes of a machine that exists only here. */
function probesOf({ folders, closed = [], mounts = '', sockets = [], free = {} }: Machine): HostProbes {
  const open = (path: string): boolean => !closed.includes(path);
  return {
    hostname: () => 'DB-1.example.org',
    exists: (path) => path in folders || sockets.includes(path),
    readableFolder: (path) => path in folders && open(path),
    writableFolder: open,
    list: (path) => (open(path) ? (folders[path] ?? []) : []),
    text: (path) => (path === '/proc/mounts' ? mounts : null),
    freeBytes: (path) => free[path] ?? null,
  };
}

const server: Machine = {
  folders: {
    '/etc': ['hosts'],
    '/srv': ['shop'],
    '/var/www': [],
    '/home': ['ann'],
    '/var/lib/redis': ['dump.rdb'],
    '/var/lib/postgresql': ['17'],
    '/var/lib/postgresql/17': ['main'],
  },
  closed: ['/home', '/mnt/readonly'],
  sockets: ['/var/run/postgresql/.s.PGSQL.5432'],
  free: { '/mnt/big\tdisk': 2 ** 40, '/mnt/small': 2 ** 30 },
  mounts: [
    '/dev/sda1 / ext4 rw 0 0',
    '/dev/sda1 /srv/bind ext4 rw 0 0',
    '/dev/sda2 /boot ext4 rw 0 0',
    'tmpfs /run tmpfs rw 0 0',
    '/dev/sdb1 /mnt/small ext4 rw 0 0',
    '/dev/sdc1 /mnt/big\\011disk xfs rw 0 0',
    '/dev/sdd1 /mnt/readonly ext4 ro 0 0',
  ].join('\n'),
};

function load(facts: HostFacts) {
  const bench = createBench();
  try {
    return bench.good(proposeConfig(facts), { GENESIS_HOME: facts.home });
  } finally {
    bench.remove();
  }
}

it('proposes what it may read, and the roomiest second disk for a copy', () => {
  const { config } = load(gatherFacts(probesOf(server), '/var/lib/genesis'));

  expect(config.services).toMatchObject([
    {
      name: 'db-1',
      backup: {
        repository: '/var/lib/genesis/repository',
        components: {
          config: { paths: ['/etc'] },
          srv: { paths: ['/srv'] },
          redis: { paths: ['/var/lib/redis'], excludes: ['temp-*.rdb'] },
        },
      },
      copies: [{ name: 'second-disk', path: '/mnt/big\tdisk/genesis', mountpoint: true, offsite: false }],
    },
  ]);
  expect(Object.keys(config.services[0]?.backup.components ?? {})).toEqual(['config', 'srv', 'redis']);
});

it('says what was left out and why', () => {
  const text = proposeConfig(gatherFacts(probesOf(server), '/var/lib/genesis'));

  expect(text).toContain('# - /home: this user may not read it');
  expect(text).toMatch(/# - \/var\/lib\/postgresql\/17: .*engine pgbackrest/);
  expect(text).toContain('# - postgresql runs here (/var/run/postgresql/.s.PGSQL.5432)');
  expect(text).toContain('# - /mnt/readonly: this user may not write there');
});

it('proposes a file that loads also where nothing is found', () => {
  const facts = gatherFacts(probesOf({ folders: {} }), '/h');

  expect(load(facts).config.services).toEqual([]);
  expect(
    load({ ...facts, hostname: '-- \n#', folders: [{ path: '/srv', component: 'srv', readable: true }] }).config
      .services[0]?.name,
  ).toBe('this-host');
});

it('proposes a file that loads for this machine', () => {
  const bench = createBench();
  const facts = gatherFacts(hostProbes(), bench.folder);
  bench.remove();

  expect(facts.hostname).not.toBe('');
  expect(load(facts).config.services.length).toBeLessThanOrEqual(1);
});

it('takes absent and unreadable for answers', () => {
  const bench = createBench();
  mkdirSync(join(bench.folder, 'd'));
  writeFileSync(join(bench.folder, 'f'), 'text');
  const probes = hostProbes();
  const seen = [
    probes.readableFolder(join(bench.folder, 'd')),
    probes.readableFolder(join(bench.folder, 'f')),
    probes.writableFolder('/nonexistent'),
    probes.list('/nonexistent'),
    probes.text('/nonexistent'),
    probes.freeBytes('/nonexistent'),
    probes.text(join(bench.folder, 'f')),
    (probes.freeBytes(bench.folder) ?? 0) > 0,
  ];
  bench.remove();

  expect(seen).toEqual([true, false, false, [], null, null, 'text', true]);
});
