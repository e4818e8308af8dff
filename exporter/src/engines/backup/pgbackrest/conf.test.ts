import type { RemoteStore } from '../product.ts';
import { archiveCommand, archiveTimeoutSeconds, configText, secretsOf } from './conf.ts';
import { stanzaWith } from './test-support.ts';

function textOf(remote: RemoteStore | null, passphrase: string | null = null, version = '2.45'): string {
  const text = configText(
    stanzaWith({ places: [{ name: 'offsite', path: '/srv/repo', remote, passphrase }] }),
    version,
  );
  if (!text.ok) throw text.error;
  return text.value;
}

describe('configText', () => {
  it('names every repository, so that the server archives into all, and the server', () => {
    const stanza = stanzaWith({
      places: [
        { name: 'repository', path: '/srv/repo', remote: null, passphrase: 'a b#c=d' },
        { name: 'disk2', path: '/mnt/disk2/repo', remote: null, passphrase: null },
      ],
    });
    const text = configText(stanza, '2.45');

    expect(text.ok && text.value.split('\n')).toEqual([
      '# Written by Genesis: changes are lost.',
      '[global]',
      'repo1-path=/srv/repo',
      'repo1-type=posix',
      'repo1-cipher-type=aes-256-cbc',
      'repo1-cipher-pass=a b#c=d',
      'repo1-retention-full=9999999',
      'repo2-path=/mnt/disk2/repo',
      'repo2-type=posix',
      'repo2-retention-full=9999999',
      'process-max=2',
      'compress-type=zst',
      'archive-timeout=60',
      'io-timeout=15',
      'lock-path=/srv/engine/lock',
      'log-path=/srv/engine/log',
      'spool-path=/srv/engine/spool',
      'log-level-file=off',
      '',
      '[global:archive-push]',
      'archive-async=y',
      'io-timeout=5',
      'archive-timeout=10',
      '',
      '[main]',
      'pg1-path=/srv/data',
      'pg1-port=5433',
      'pg1-socket-path=/run/pg',
      'pg1-user=genesis',
      'pg1-database=postgres',
      '',
    ]);
  });

  it('keeps the number of a repository that stands alone', () => {
    const places = ['one', 'two'].map((name) => ({ name, path: `/srv/${name}`, remote: null, passphrase: null }));
    const text = configText(stanzaWith({ places }), '2.45', 1);

    expect(text.ok && text.value).toMatch(/^repo2-path=\/srv\/two$/m);
    expect(text.ok && text.value).not.toMatch(/repo1/);
  });

  it('switches block-level increments on where the version has them', () => {
    expect(textOf(null, null, '2.46')).toMatch(/repo1-bundle=y\nrepo1-block=y/);
    expect(textOf(null)).not.toMatch(/block|bundle/);
  });

  it('writes S3 with its port apart, Azure and Google', () => {
    const tls = { verifyTls: false, caFile: '/etc/ca.pem' };
    const s3 = textOf({
      type: 's3',
      bucket: 'b',
      endpoint: 'minio.example:9000',
      region: 'eu-1',
      accessKey: 'AK',
      secretKey: 'SK',
      uriStyle: 'path',
      ...tls,
    });
    const azure = textOf({
      type: 'azure',
      container: 'c',
      account: 'acc',
      key: 'a2V5',
      endpoint: null,
      uriStyle: 'host',
      verifyTls: true,
      caFile: null,
    });
    const gcs = textOf({ type: 'gcs', bucket: 'g', keyFile: '/etc/key.json' });

    expect(s3).toMatch(/repo1-s3-endpoint=minio\.example\nrepo1-storage-port=9000\nrepo1-s3-region=eu-1/);
    expect(s3).toMatch(/repo1-storage-verify-tls=n\nrepo1-storage-ca-file=\/etc\/ca\.pem/);
    expect(azure).toMatch(/repo1-type=azure\nrepo1-azure-container=c\nrepo1-azure-account=acc\nrepo1-azure-key=a2V5/);
    expect(azure).not.toMatch(/endpoint/);
    expect(gcs).toMatch(
      /repo1-type=gcs\nrepo1-gcs-bucket=g\nrepo1-gcs-key-type=service\nrepo1-gcs-key=\/etc\/key\.json/,
    );
  });

  it('gives WAL the time that a store which is away holds it up, where there are other repositories', () => {
    const local = { name: 'repository', path: '/srv/repo', remote: null, passphrase: null };
    const store = {
      name: 'cloud',
      path: '/shop',
      remote: { type: 'gcs', bucket: 'g', keyFile: '/k' },
      passphrase: null,
    } as const;

    expect(archiveTimeoutSeconds(stanzaWith({ places: [local, { ...local, path: '/mnt/disk2' }] }))).toBe(60);
    expect(archiveTimeoutSeconds(stanzaWith({ places: [store] }))).toBe(60);
    expect(archiveTimeoutSeconds(stanzaWith({ places: [local, store] }))).toBe(185);
  });

  it.each(['two\nlines', ' leading', 'trailing ', ''])(
    'refuses a passphrase that the file cannot hold: %j',
    (passphrase) => {
      const places = [{ name: 'offsite', path: '/srv', remote: null, passphrase }];
      const text = configText(stanzaWith({ places }), '2.45');

      expect(text).toMatchObject({ ok: false, error: { code: 'config_invalid' } });
      expect(!text.ok && text.error.message).toMatch(/cipher-pass of the repository offsite/);
      if (passphrase.trim() !== '') expect(!text.ok && text.error.message).not.toContain(passphrase.trim());
    },
  );

  it('refuses stores that only restic has', () => {
    const places = [
      { name: 'box', path: '/srv', remote: { type: 'rest', url: 'http://x' } as const, passphrase: null },
    ];

    expect(configText(stanzaWith({ places }), '2.45')).toMatchObject({ ok: false, error: { code: 'config_invalid' } });
  });
});

it('knows every text that must not be shown', () => {
  const places = [{ name: 'repository', path: '/srv', remote: null, passphrase: 'pass' }];

  expect(secretsOf(stanzaWith({ places })).sort()).toEqual(['db-secret', 'pass']);
});

it.each([
  ['/srv/engine', 'pgbackrest --config=/srv/engine/pgbackrest.conf --stanza=main archive-push %p'],
  ["/srv/it's here", "pgbackrest '--config=/srv/it'\\''s here/pgbackrest.conf' --stanza=main archive-push %p"],
  ['/srv/50%', 'pgbackrest --config=/srv/50%%/pgbackrest.conf --stanza=main archive-push %p'],
])('archiveCommand in %s', (folder, command) => {
  expect(archiveCommand(folder, 'main', 'pgbackrest')).toBe(command);
});
