import { spawnSync } from 'node:child_process';
import { Config } from './schema.ts';
import { createBench } from './testing.ts';
import { systemdUnit, writableFolders } from './unit-file.ts';

const options = {
  user: 'root',
  home: '/var/lib/genesis',
  nodePath: process.execPath,
  binPath: '/opt/genesis dr/bin/100%/genesis.mjs',
};

function linesOf(unit: string): string[] {
  return unit.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

it('is hardened, gives way to others, and is not restarted over a fault of configuration', () => {
  expect(linesOf(systemdUnit(options))).toEqual(
    expect.arrayContaining([
      'NoNewPrivileges=yes',
      'ProtectSystem=strict',
      'PrivateTmp=yes',
      'ProtectKernelTunables=yes',
      'UMask=0077',
      'CPUWeight=20',
      'IOWeight=20',
      'IOSchedulingClass=best-effort',
      'Restart=on-failure',
      'RestartPreventExitStatus=2',
      'CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_DAC_OVERRIDE CAP_CHOWN CAP_FOWNER CAP_FSETID',
      'ReadWritePaths="-/var/lib/genesis"',
      `ExecStart="${process.execPath}" "/opt/genesis dr/bin/100%%/genesis.mjs" serve`,
    ]),
  );
});

it('gives an ordinary user no capability and no setuid bits', () => {
  const lines = linesOf(systemdUnit({ ...options, user: 'genesis', io: 'idle' }));

  expect(lines).toEqual(
    expect.arrayContaining([
      'User=genesis',
      'CapabilityBoundingSet=',
      'RestrictSUIDSGID=yes',
      'IOSchedulingClass=idle',
    ]),
  );
});

it('may write repositories, copies and restore roots, not the data', () => {
  const config = Config.parse({
    restore: { roots: ['/srv/restores'] },
    services: [
      {
        name: 'a',
        backup: { repository: '/backups', components: { d: { paths: ['/srv/a'] } } },
        copies: [{ name: 'c', path: '/mnt/c' }],
      },
      { name: 'b', copies: [{ name: 'c', path: '/mnt/c' }] },
    ],
  });

  expect(writableFolders(config, '/home/g')).toEqual(['/backups', '/mnt/c', '/srv/restores']);
});

it('refuses a user name that would break the file', () => {
  expect(() => systemdUnit({ ...options, user: 'a\nExecStart=/bin/sh' })).toThrow(TypeError);
});

const hasAnalyzer = spawnSync('systemd-analyze', ['--version']).status === 0;

it.each(['root', 'daemon'])('is found good by systemd-analyze where that is installed, for %s', (user) => {
  const bench = createBench();
  const unit = systemdUnit({
    ...options,
    user,
    binPath: '/opt/genesis dr/bin/genesis.mjs',
    writable: ['/mnt/a b', '/srv/100%'],
  });
  const path = bench.write('genesis-dr-test.service', unit);
  const { stdout, stderr } = hasAnalyzer
    ? spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8', timeout: 60_000 })
    : { stdout: '', stderr: '' };
  bench.remove();

  // It also judges the machine's own units; only lines about ours count.
  const about = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('genesis-dr-test'));
  expect(about).toEqual([]);
});
