import fc from 'fast-check';
import { conninfoOf, followingConf, formatConninfo, parseConninfo, publicConninfo, slotNameOf } from './conninfo.ts';

const primary = { host: 'db2', port: 5433, user: 'genesis', password: 'sesame', database: 'app', tlsCa: null };

describe('primary_conninfo', () => {
  it('keeps login, TLS and patience of the node, and changes the address and the name', () => {
    const before = parseConninfo("host=db1 port=5432 user=rep password='a b' sslmode=verify-full hostaddr=10.0.0.1");

    const after = conninfoOf({ replication: null }, { name: 'c' }, primary, before);

    expect(formatConninfo(after)).toBe(
      "host=db2 port=5433 user=rep password='a b' sslmode=verify-full application_name=c",
    );
  });

  it('uses the configured login where there is one, and the role of Genesis where the node had none', () => {
    const replication = { user: 'rep', password: null };

    expect([...conninfoOf({ replication }, { name: 'c' }, primary, parseConninfo('user=x password=y'))]).toEqual([
      ['user', 'rep'],
      ['host', 'db2'],
      ['port', '5433'],
      ['application_name', 'c'],
    ]);
    expect(conninfoOf({ replication: null }, { name: 'c' }, primary, new Map()).get('user')).toBe('genesis');
  });

  it('comes back as it was written, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (user, password) => {
        const parts = new Map([
          ['user', user],
          ['password', password],
        ]);
        expect(parseConninfo(formatConninfo(parts))).toEqual(parts);
      }),
    );
  });

  it('shows no password to those who can read argv', () => {
    expect(publicConninfo(primary, 'genesis_rewind')).not.toContain('sesame');
  });

  it('stands in postgresql.auto.conf in place of the old one, beside everything else', () => {
    const before = "# by ALTER SYSTEM\nwork_mem = '8MB'\nprimary_conninfo = 'host=db1'\nrecovery_target_time = 'x'\n";

    const conf = followingConf(before, new Map([['password', String.raw`it's \ this`]]), 'c');

    expect(conf).toBe(
      [
        '# by ALTER SYSTEM',
        "work_mem = '8MB'",
        String.raw`primary_conninfo = 'password=''it\\''s \\\\ this'''`,
        "primary_slot_name = 'c'",
        '',
      ].join('\n'),
    );
    expect(slotNameOf({ name: 'db-2' })).toBe('db_2');
  });
});
