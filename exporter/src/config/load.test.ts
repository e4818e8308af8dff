import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createBench } from './testing.ts';
import type { Bench } from './testing.ts';

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.remove());

describe('a file that is accepted', () => {
  it.each(['', '{}', '# only a comment\n', '---\n'])('may be empty: %j', (yaml) => {
    expect(bench.good(yaml).config).toMatchObject({ cluster: 'default', services: [] });
  });

  it('may name a service without any policy key', () => {
    const { config, warnings } = bench.good('services: [{ name: shop }]');

    expect(warnings).toEqual([]);
    expect(config.services[0]?.backup.schedules).toEqual({
      full: '0 2 * * *',
      differential: null,
      incremental: '*/30 * * * *',
      timezone: 'UTC',
    });
  });

  it('has a hash that comments and order do not change, and values do', () => {
    const first = bench.good('cluster: a\nlog: { level: info }\n').hash;

    expect(bench.good('# a comment\nlog:\n  level: info\ncluster: a\n').hash).toBe(first);
    expect(bench.good('cluster: b\n').hash).not.toBe(first);
  });

  it('takes listen from GENESIS_LISTEN', () => {
    expect(bench.good('', { GENESIS_LISTEN: '127.0.0.1:0' }).config.api.listen).toBe('127.0.0.1:0');
    expect(bench.faults('', { GENESIS_LISTEN: '0.0.0.0:80' })).toMatchObject([
      { code: 'config_insecure', path: 'api.listen' },
    ]);
  });
});

describe('faults of form', () => {
  it('are all reported together, with path, place, value and mend', () => {
    const faults = bench.faults(
      [
        'clustre: x', // 1
        'services:', // 2
        '  - name: Shop', // 3
        '    backup:', // 4
        '      schedules:', // 5
        '        full: "61 2 * * *"', // 6
        '  - name: b', // 7
        '    backup: { schedules: { full: "61 2 * * *" } }', // 8
        '    objectives: { backup_sla: 4, rto_sla: soon }', // 9
        '  - name: c', // 10
        '    copies: [{ path: /x }]', // 11
        '    drills: { schedule: "0 4 * * 9" }', // 12
        '  - { name: d, drills: { schedule: "0 4 * * 9" } }', // 13
        'log: { level: warning }', // 14
      ].join('\n'),
    );

    expect(faults).toEqual([
      expect.objectContaining({ path: 'services[0].name', line: 3, column: 5, value: 'Shop' }),
      expect.objectContaining({
        path: 'services[1].objectives.backup_sla',
        line: 9,
        value: '4',
        message: 'must be a text, is a number',
        mend: expect.stringContaining('4h'),
      }),
      expect.objectContaining({
        path: 'services[1].objectives.rto_sla',
        line: 9,
        value: 'soon',
        message: '"soon" is not a duration',
      }),
      expect.objectContaining({ path: 'services[2].copies[0].name', line: 11, value: null, message: 'is missing' }),
      expect.objectContaining({ path: 'log.level', line: 14, value: 'warning', mend: 'did you mean "warn"?' }),
      expect.objectContaining({ path: 'clustre', line: 1, column: 1, value: null, mend: 'did you mean "cluster"?' }),
      expect.objectContaining({ path: 'services[3].drills.schedule', line: 13, value: '0 4 * * 9' }),
    ]);
  });

  it('never show what may be a secret', () => {
    const yaml = 'services:\n  - name: a\n    pasword: hunter2\n    backup: { encryption: { key: hunter2 } }\n';

    const text = JSON.stringify(bench.load(yaml)) + JSON.stringify(bench.faults(yaml));

    expect(bench.faults(yaml)).toHaveLength(2);
    expect(text).not.toContain('hunter2');
  });

  it('in YAML are found with their line, and show none of it', () => {
    const faults = bench.faults('a: 1\nb: [\n - x: "s3cret\n');

    expect(faults[0]).toMatchObject({ line: 4, column: 1, message: expect.stringMatching(/^YAML: /) });
    expect(JSON.stringify(faults)).not.toContain('s3cret');
  });

  it.each([
    ['cluster: a\ncluster: b\n', 'keep one of the two'],
    ['a: *nowhere\n', 'define each anchor'],
    ['- a\n- b\n', 'see `genesis config reference`'],
  ])('name their mend: %j', (yaml, mend) => {
    expect(bench.faults(yaml)[0]?.mend).toContain(mend);
  });

  it('include a key that was left without a value', () => {
    expect(bench.faults('services:\n')).toMatchObject([
      { path: 'services', message: 'must be a list, is empty', mend: 'give it a value, or remove the key' },
    ]);
  });

  it('are found in a part reached through an alias', () => {
    const yaml = 'services:\n  - name: a\n    objectives: &o { rpo: 1h }\n  - name: b\n    objectives: *o\n';

    expect(bench.faults(yaml).map(({ path, line, mend }) => [path, line, mend])).toEqual([
      ['services[0].objectives.rpo', 3, 'did you mean "rpo_sla"?'],
      ['services[1].objectives.rpo', 3, 'did you mean "rpo_sla"?'],
    ]);
  });
});

describe('secrets', () => {
  const service = (ref: string): string => `services: [{ name: a, backup: { encryption: { key: "${ref}" } } }]`;

  it('come from the environment', () => {
    const loaded = bench.good(service('env:KEY'), { KEY: 'k'.repeat(16) });

    expect(loaded.resolveSecret('env:KEY')).toEqual({ ok: true, value: 'k'.repeat(16) });
    expect(JSON.stringify(loaded)).not.toContain('kkkk');
  });

  it('come from a file, without its last line end', () => {
    const path = bench.write('key', `${'k'.repeat(16)}\n`);

    expect(bench.good(service(`file:${path}`)).resolveSecret(`file:${path}`)).toEqual({
      ok: true,
      value: 'k'.repeat(16),
    });
  });

  it.each([
    ['env:NOT_SET', 'the environment variable NOT_SET is not set'],
    ['env:EMPTY', 'the environment variable EMPTY is empty'],
    ['env:SHORT', 'the encryption key is shorter than 16 characters'],
    ['file:/nonexistent/key', 'the secret file /nonexistent/key does not exist'],
  ])('that cannot be had are faults: %s', (ref, message) => {
    const faults = bench.faults(service(ref), { SHORT: 'fifteen letters', EMPTY: '' });

    expect(faults).toMatchObject([{ path: 'services[0].backup.encryption.key', value: ref, message }]);
    expect(JSON.stringify(faults)).not.toContain('fifteen letters');
  });

  it('readable by others are refused', () => {
    const path = bench.write('key', 'k'.repeat(20), 0o640);

    expect(bench.faults(service(`file:${path}`))).toMatchObject([
      { code: 'config_insecure', mend: `chmod 0600 ${path}` },
    ]);
  });
});

describe('permissions', () => {
  it('refuse a file that others can write, as config_insecure', () => {
    bench.write('genesis.yaml', 'cluster: a');
    const loaded = bench.load('cluster: a');
    expect(loaded.ok).toBe(true);

    chmodSync(join(bench.folder, 'genesis.yaml'), 0o602);
    const { folder } = bench;
    const again = bench.faultsOf(join(folder, 'genesis.yaml'));

    expect(again).toMatchObject([{ code: 'config_insecure', mend: `chmod go-w ${folder}/genesis.yaml` }]);
  });

  it('refuse a file in a folder that others can write', () => {
    const open = join(bench.folder, 'open');
    mkdirSync(join(open, 'inner'), { recursive: true });
    chmodSync(open, 0o777);
    const path = bench.write('open/inner/genesis.yaml', '');

    expect(bench.faultsOf(path)[0]?.message).toBe(`the folder ${open} is writable by group or others (mode 0777)`);
  });

  it('accept a sticky folder that everybody can write', () => {
    const sticky = join(bench.folder, 'sticky');
    mkdirSync(sticky);
    chmodSync(sticky, 0o1777);

    expect(bench.faultsOf(bench.write('sticky/genesis.yaml', ''))).toEqual([]);
  });

  it('look behind links, and at the folders that hold them', () => {
    const open = join(bench.folder, 'open');
    mkdirSync(open);
    const real = bench.write('real.yaml', '');
    symlinkSync(real, join(open, 'link.yaml'));
    symlinkSync(open, join(bench.folder, 'way'));
    expect(bench.faultsOf(join(bench.folder, 'way', 'link.yaml'))).toEqual([]);

    chmodSync(open, 0o777);
    expect(bench.faultsOf(join(bench.folder, 'way', 'link.yaml'))[0]?.message).toContain(
      `the folder ${open} is writable`,
    );
    chmodSync(open, 0o700);
    chmodSync(real, 0o666);
    expect(bench.faultsOf(join(bench.folder, 'way', 'link.yaml'))[0]?.code).toBe('config_insecure');
  });

  it('name a file that is not there', () => {
    expect(() => bench.faultsOf(join(bench.folder, 'none.yaml'))).toThrow(/ENOENT.*none\.yaml/);
  });
});
