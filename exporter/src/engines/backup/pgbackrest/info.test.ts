import { backupsIn, idOfBackup, parseInfo, recordsOf, stateOfRepository, type InfoStanza } from './info.ts';
import { parseTablespaces } from './tablespaces.ts';
import { recorded } from './test-support.ts';

function infoOf(text: string): InfoStanza {
  const parsed = parseInfo(text, 'main');
  if (!parsed.ok) throw parsed.error;
  if (parsed.value === null) throw new Error('no stanza');
  return parsed.value;
}

describe('parseInfo', () => {
  it('keeps the system identifier, which no number holds, as text', () => {
    expect(infoOf(recorded('info-2.45.txt')).db[0]?.['system-id']).toMatch(/^77109723\d{11}$/);
  });

  it('reads an answer in which a wrong passphrase left bytes that are no text', () => {
    const stanza = infoOf(recorded('info-wrong-passphrase-2.45.txt').replace('FormatError', 'Format\u0001Error'));

    expect(stateOfRepository(stanza, 1, 'repository')).toMatchObject({ ok: false, error: { code: 'key_wrong' } });
  });

  it.each(['', '{"a":', '{}', '[{"name":"main"}]'])('says what it cannot read: %j', (text) => {
    expect(parseInfo(text, 'main')).toMatchObject({ ok: false, error: { code: 'format_unknown' } });
  });

  it('has nothing for a stanza that is not named', () => {
    expect(parseInfo(recorded('info-2.45.txt'), 'other')).toEqual({ ok: true, value: null });
  });
});

describe('recordsOf', () => {
  const stanza = infoOf(recorded('info-2.45.txt'));
  const records = recordsOf(stanza, 1, 'shop');

  it('makes one record a backup of that repository, oldest first, with its parent', () => {
    expect(records.map(({ type }) => type)).toEqual(['full', 'full', 'differential', 'incremental']);
    expect(records.map(({ parent }) => parent)).toEqual([null, null, records[1]?.id, records[2]?.id]);
    expect(recordsOf(stanza, 2, 'shop')).toHaveLength(1);
  });

  it('takes sizes, times and the id from what is stored, never from when it is read', () => {
    expect(records[2]).toMatchObject({
      id: 'backup_20261122_123316_' + (records[2]?.id.slice(-8) ?? ''),
      startedAt: '2026-11-22T12:33:16.000Z',
      endedAt: '2026-11-22T12:33:18.000Z',
      bytes: 23353065,
      addedBytes: 270629,
      storedBytes: 21200,
      status: 'completed',
      encrypted: true,
      components: [{ name: 'cluster', storedBytes: 21200 }],
    });
    expect(records[2]?.id).toMatch(/^backup_\d{8}_\d{6}_[0-9a-f]{8}$/);
    expect(recordsOf(stanza, 1, 'shop')).toEqual(records);
  });

  it('keeps its checksum when a backup is annotated later, and not when anything else differs', () => {
    const [first] = backupsIn(stanza, 1);
    const withMark = {
      ...stanza,
      backup: stanza.backup.map((b) => ({ ...b, annotation: { 'genesis-verified': 'x' } })),
    };
    const larger = { ...stanza, backup: stanza.backup.map((b) => ({ ...b, info: { ...b.info, size: 1 } })) };

    expect(recordsOf(withMark, 1, 'shop')[0]?.checksum).toBe(records[0]?.checksum);
    expect(recordsOf(larger, 1, 'shop')[0]?.checksum).not.toBe(records[0]?.checksum);
    expect(first && idOfBackup(first)).toBe(records[0]?.id);
  });

  it('calls a full that was asked for by hand a snapshot', () => {
    const marked = {
      ...stanza,
      backup: stanza.backup.map((b) => ({ ...b, annotation: { 'genesis-snapshot': 'yes' } })),
    };

    expect(recordsOf(marked, 1, 'shop').map(({ type }) => type)).toEqual([
      'snapshot',
      'snapshot',
      'differential',
      'incremental',
    ]);
  });

  it('never calls a backup with wrong page checksums plainly completed', () => {
    const damaged = { ...stanza, backup: stanza.backup.map((b) => ({ ...b, error: true })) };

    expect(recordsOf(damaged, 1, 'shop')[0]).toMatchObject({ status: 'completed_with_warnings', warningCount: 1 });
  });

  it('names a parent that is gone by an id that nothing has', () => {
    const orphan = { ...stanza, backup: stanza.backup.filter(({ type }) => type !== 'full') };

    expect(recordsOf(orphan, 1, 'shop')[0]?.parent).toBe('missing_20261122-123314F');
  });
});

describe('stateOfRepository', () => {
  it('looks at the repository that is meant, not at the whole', () => {
    const stanza = infoOf(recorded('info-repo1-away-2.45.txt'));

    expect(stateOfRepository(stanza, 1, 'repository')).toEqual({ ok: true, value: 'empty' });
    expect(stateOfRepository(stanza, 2, 'second')).toEqual({ ok: true, value: 'ready' });
  });

  it.each([
    ['away', /cannot be reached/],
    ['certificate', /certificate is not accepted/],
    ['no-container', /no such bucket or container/],
    ['wrong-key', /refuses the credentials/],
  ])('names the repository whose store does not serve it, and why: %s', (name, why) => {
    const state = stateOfRepository(infoOf(recorded(`info-azure-${name}-2.45.txt`)), 1, 'cloud');

    expect(state).toMatchObject({ ok: false, error: { code: 'repository_unreadable', retryable: true } });
    expect(state.ok ? '' : state.error.message).toMatch(why);
    expect(state.ok ? '' : state.error.message).toMatch(/^the store of the repository cloud [^\n]*$/);
  });

  it.each([
    [2, 'no valid backups', 'ready'],
    [3, 'missing stanza data', 'repository_unreadable'],
    [5, 'database mismatch', 'repository_foreign'],
    [99, '[PathOpenError] unable to list file info for path: [13] Permission denied', 'repository_unreadable'],
    [99, '[CryptoError] unable to load info file', 'key_wrong'],
    [1234, 'something new', 'repository_unreadable'],
  ])('code %i (%s) is %s', (code, message, expected) => {
    const stanza = {
      ...infoOf(recorded('info-2.45.txt')),
      repo: [{ key: 1, cipher: 'none', status: { code, message } }],
    };
    const state = stateOfRepository(stanza, 1, 'repository');

    expect(state.ok ? state.value : state.error.code).toBe(expected);
  });
});

it('finds the tablespaces of a backup, and says when its manifest cannot be read', () => {
  const answer = [{ backup: [{ label: 'A', tablespace: [{ name: 'ts', oid: 16384, destination: '/srv/ts' }] }] }];

  expect(parseTablespaces(JSON.stringify(answer), 'A')).toEqual({
    ok: true,
    value: [{ oid: '16384', name: 'ts', destination: '/srv/ts' }],
  });
  expect(parseTablespaces('[{"backup":[]}]', 'A')).toMatchObject({ ok: false, error: { code: 'backup_corrupt' } });
  expect(parseTablespaces('[{"backup":[{"label":"A","tablespace":null}]}]', 'A')).toEqual({ ok: true, value: [] });
});
