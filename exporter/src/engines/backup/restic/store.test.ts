import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RepositoryRef } from '../port.ts';
import type { RemoteStore } from '../product.ts';
import { foldersAbove } from './backup.ts';
import { nanoseconds } from './compare.ts';
import { orphans } from './leftovers.ts';
import type { Snapshot } from './output.ts';
import { errorOf } from './run.ts';
import { includesOf } from './select.ts';
import { bothEnvironments, escapePattern, expandBraces, patternsBelow, storeOf, urlOf } from './store.ts';
import { choosePaths, isAsked } from './tree.ts';
import { subsetBytes, subsetOf } from './verify.ts';

const s3: RemoteStore = {
  type: 's3',
  bucket: 'backups',
  endpoint: 's3.example.org:9000',
  region: 'eu-1',
  accessKey: 'the-access-key',
  secretKey: 'the-secret-key',
  uriStyle: 'path',
  verifyTls: false,
  caFile: '/ca.pem',
};

function repositoryAt(remote: RemoteStore | null, passphrase: string | null = 'the passphrase'): RepositoryRef {
  return {
    path: '/srv/repo',
    key: null,
    product: {
      service: 'files',
      index: 0,
      places: [{ name: 'repository', path: '/srv/repo', remote, passphrase }],
      folder: '/home/engine',
      postgres: null,
      pgbackrest: null,
      pgDump: null,
      restic: { program: 'restic', readDataSubset: '5%', host: 'shop' },
      retention: { fullCount: 1, fullDays: 1, incrementalDays: 1 },
      drill: null,
    },
  };
}

describe('a store as restic is told of it', () => {
  it.each<[RemoteStore | null, string]>([
    [null, '/srv/repo'],
    [s3, 's3:https://s3.example.org:9000/backups/srv/repo'],
    [{ ...s3, endpoint: 'http://127.0.0.1:9000' }, 's3:http://127.0.0.1:9000/backups/srv/repo'],
    [{ type: 'rest', url: 'https://rest.example.org/' }, 'rest:https://rest.example.org/srv/repo'],
    [{ type: 'sftp', host: 'nas', user: 'b', port: 2222 }, 'sftp://b@nas:2222//srv/repo'],
    [{ type: 'gcs', bucket: 'g', keyFile: '/k.json' }, 'gs:g:/srv/repo'],
  ])('%j', (remote, url) => {
    expect(urlOf('/srv/repo', remote)).toBe(url);
  });

  it('keeps secrets in the environment and out of its address and options', () => {
    const store = storeOf(repositoryAt(s3));

    expect(store.environment).toMatchObject({
      RESTIC_PASSWORD: 'the passphrase',
      AWS_SECRET_ACCESS_KEY: 'the-secret-key',
    });
    expect([store.url, ...store.options].join(' ')).not.toMatch(/the passphrase|the-secret-key|the-access-key/);
    expect(store.options).toEqual([
      '--insecure-tls',
      '--cacert=/ca.pem',
      '-o',
      's3.bucket-lookup=path',
      '-o',
      's3.region=eu-1',
    ]);
    expect(store.secrets).toContain('the-secret-key');
  });

  it('needs a passphrase', () => {
    expect(() => storeOf(repositoryAt(null, null))).toThrow('restic always encrypts');
  });

  it('cannot be copied to one of the same kind with other credentials', () => {
    const one = storeOf(repositoryAt(s3));
    const other = storeOf(repositoryAt({ ...s3, secretKey: 'another' }));

    expect(() => bothEnvironments(one, other)).toThrow('different credentials');
    expect(bothEnvironments(one, storeOf(repositoryAt(null)))).toMatchObject({
      RESTIC_FROM_PASSWORD: 'the passphrase',
    });
  });
});

describe('patterns', () => {
  it('are escaped where a name holds what means something', () => {
    expect(escapePattern('/a [b]*?\\c')).toBe('/a \\[b]\\*\\?\\\\c');
  });

  it('become absolute, braces are written out, what restic cannot express is refused', () => {
    expect(expandBraces('a{b,c}d{e,f}')).toEqual(['abde', 'abdf', 'acde', 'acdf']);
    expect(patternsBelow('/src', ['**/*.{tmp,log}', 'cache/', '/abs/path'])).toEqual([
      '/src/**/*.tmp',
      '/src/**/*.log',
      '/src/cache',
      '/abs/path',
    ]);
    expect(patternsBelow('/', ['proc/'])).toEqual(['/proc']);
    expect(() => patternsBelow('/src', ['!(a)'])).toThrow('cannot express');
    expect(() => patternsBelow('/src', ['../x'])).toThrow('cannot express');
  });

  it('of a selection name each root that they fit', () => {
    const root = (name: string) => ({ name, path: `/p/${name}`, resolved: `/r/${name}`, kind: 'directory' as const });
    const component = {
      name: 'data',
      status: 'completed' as const,
      snapshot: 'a'.repeat(8),
      roots: [root('one'), root('two')],
      files: 0,
      entries: 0,
      bytes: 0,
      addedBytes: 0,
      storedBytes: 0,
      warnings: 0,
    };

    expect(includesOf(component, ['one'])).toEqual(['/r/one']);
    expect(includesOf(component, ['one/a*'])).toEqual(['/r/one/a\\*', '/r/one/a*']);
    expect(includesOf(component, ['**/x.txt'])).toEqual([
      '/r/one/\\*\\*/x.txt',
      '/r/one/**/x.txt',
      '/r/two/\\*\\*/x.txt',
      '/r/two/**/x.txt',
    ]);
    expect(includesOf(component, ['three/a'])).toEqual([]);
  });

  it('take what is below a match along', () => {
    const choice = choosePaths(['src/a', 'src/*.d']);

    expect(['src/a', 'src/a/b', 'src/x.d/y', 'src/b', 'src'].map((p) => choice.covers(p))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  it('of a listing: prefix, part of a name, children only', () => {
    const query = { prefix: 'src/', cursor: null, limit: 1 };

    expect(isAsked('src/a/B', { ...query, contains: 'b' })).toBe(true);
    expect(isAsked('src/a/b', { ...query, direct: true })).toBe(false);
    expect(isAsked('src/a', { ...query, direct: true })).toBe(true);
    expect(isAsked('other', query)).toBe(false);
  });
});

describe('what a verification reads', () => {
  it('moves on with the days, so that all is read in the end', () => {
    const day = (n: number): Date => new Date(n * 86_400_000);

    expect([0, 1, 2, 3].map((n) => subsetOf('2/3', day(n)))).toEqual(['2/3', '3/3', '1/3', '2/3']);
    expect(subsetOf('5%', day(1))).toBe('5%');
  });

  it('is told in bytes', () => {
    expect(subsetBytes('5%', 1000)).toBe(50);
    expect(subsetBytes('1/4', 1000)).toBe(250);
    expect(subsetBytes('1K', 10_000)).toBe(1024);
    expect(subsetBytes('10G', 1000)).toBe(1000);
  });
});

describe('failures', () => {
  const recorded = (name: string): string => readFileSync(join(import.meta.dirname, 'testdata', name), 'utf8');
  const of = (stderr: string) =>
    errorOf(storeOf(repositoryAt(null)), { exitCode: 1, stdout: '', stderr, truncated: false }, 'reading', 'io_failed');

  it('have the code of their cause, and restic’s words', () => {
    expect(of(recorded('wrong-password-restic-0.14.0.stderr'))).toMatchObject({ code: 'key_wrong' });
    expect(of(recorded('no-repository-restic-0.14.0.stderr')).code).toBe('repository_unreadable');
    expect(of(recorded('check-locked-restic-0.14.0.txt'))).toMatchObject({
      code: 'operation_conflict',
      retryable: true,
    });
    expect(of('Fatal: write: no space left on device').code).toBe('disk_full');
    expect(of('ignoring error for /a: ciphertext verification failed\nFatal: There were 1 errors\n').code).toBe(
      'backup_corrupt',
    );
    expect(of('Fatal: something else')).toMatchObject({
      code: 'io_failed',
      message: 'reading in /srv/repo: Fatal: something else',
    });
  });
});

describe('figures', () => {
  it('leave out the folders on the way to a target', () => {
    expect(foldersAbove([{ resolved: '/a/b/c' }, { resolved: '/a/d' }])).toBe(2);
    expect(foldersAbove([{ resolved: '/' }])).toBe(0);
  });

  it('of a moment keep its nanoseconds', () => {
    expect(nanoseconds('2026-11-22T12:36:09.749374425Z')).toBe(1_795_350_969_749_374_425n);
    expect(nanoseconds('2026-11-22T13:36:09+01:00')).toBe(1_795_350_969_000_000_000n);
  });
});

describe('snapshots without a manifest', () => {
  const snapshot = (id: string, ...tags: string[]): Snapshot => ({
    id: id.padEnd(64, '0'),
    tree: 'b'.repeat(64),
    time: '',
    paths: [],
    hostname: 'shop',
    tags,
  });

  it('are leftovers, but not while their backup is made, and never those of others', () => {
    const half = snapshot('1', 'genesis=x', 'service=files');
    const all = [
      half,
      snapshot('2', 'genesis=y', 'service=files'),
      snapshot('3', 'genesis=y', 'service=files', 'genesis-manifest'),
      snapshot('4', 'genesis=z', 'service=other'),
      snapshot('5'),
      { ...snapshot('6', 'genesis=w', 'service=files'), hostname: 'elsewhere' },
    ];

    expect(orphans(all, 'files', 'shop', () => false)).toEqual([half]);
    expect(orphans(all, 'files', 'shop', (id) => id === 'x')).toEqual([]);
  });
});
