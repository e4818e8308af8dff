import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { nodeAt } from './introspect.ts';
import { configReference, examples, referenceKeys } from './reference.ts';
import { Config } from './schema.ts';
import { showConfig, showDifferences, showService } from './show.ts';
import { createBench } from './testing.ts';

const repository = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(fileURLToPath(new URL(path, repository)), 'utf8');
const keys = referenceKeys();

it('has a meaning for every key', () => {
  expect(keys.filter((key) => key.meaning === '').map((key) => key.path)).toEqual([]);
});

it('gives only examples that the schema accepts', () => {
  for (const [path, example] of Object.entries(examples)) {
    const steps = path.split('.').flatMap((part) => (part.endsWith('[]') ? [part.slice(0, -2), 0] : [part]));
    expect({ path, ...nodeAt(Config, steps)?.schema.safeParse(example) }).toMatchObject({ path, success: true });
    expect(keys.map((key) => key.path)).toContain(path);
  }
});

it('is printed into the docs, fresh: npm run generate', () => {
  expect(read('docs/reference/configuration.md')).toBe(configReference());
});

// Where the source documents contradict each other these are the values taken.
it.each([
  ['cluster', 'default'],
  ['services[].backup.schedules.full', '0 2 * * *'],
  ['services[].backup.schedules.incremental', '*/30 * * * *'],
  ['services[].backup.schedules.timezone', 'UTC'],
  ['services[].backup.retention.full_days', 30],
  ['services[].backup.retention.incremental_days', 7],
  ['services[].backup.retention.full_count', 10],
  ['services[].drills.schedule', '0 4 * * 0'],
  ['services[].objectives.backup_sla', '4h'],
  ['services[].objectives.replication_sla', '5m'],
  ['services[].objectives.readiness_sla', 0.8],
  ['services[].objectives.test_frequency_sla', '30d'],
  ['services[].objectives.rpo_sla', '1h'],
  ['services[].objectives.rto_sla', '4h'],
  ['api.listen', '127.0.0.1:9847'],
  ['api.session_idle', '30m'],
  ['api.session_max', '12h'],
  ['collectors.dr_interval', '10s'],
  ['collectors.system_interval', '15s'],
  ['collectors.application_interval', '30s'],
  ['collectors.business_interval', '5m'],
  ['collectors.scrape_interval', '15s'],
  ['collectors.alert_interval', '30s'],
  ['operations.max_workers', 20],
  ['alertmanager.group_interval', '5m'],
  ['alertmanager.repeat_interval', '4h'],
])('has the default %s = %j', (path, value) => {
  expect(JSON.parse(keys.find((key) => key.path === path)?.fallback ?? 'null')).toBe(value);
});

describe('config.example.yaml', () => {
  const text = read('exporter/config.example.yaml');

  it('loads', () => {
    const bench = createBench();
    const { config } = bench.good(text, { GENESIS_BACKUP_KEY: 'only an example secret' });
    bench.remove();

    expect(config.services[0]?.backup.components['data']?.excludes).toEqual(['**/*.tmp', 'cache/**']);
  });

  it('shows every key of the schema', () => {
    const shown = new Set(pathsOf(parse(text), ''));
    // TLS is off in the example; its two keys stand in the comment beside it.
    expect(text).toMatch(/tls: null +# or \{ cert: \S+, key: \S+ \}/);
    // A store is described the same way at the repository and at a copy.
    const own = (path: string): string =>
      path.replace('.<name>', '.*').replace('].backup.remote.', '].copies[].remote.');
    const sftp = 'services[].backup.remote.sftp';
    expect([...shown].filter((path) => path.startsWith(`${sftp}.`))).not.toEqual([]);
    const missing = keys
      .map((key) => key.path)
      .filter(
        (path) =>
          !path.startsWith('api.tls.') &&
          !shown.has(own(path)) &&
          !shown.has(path.replace('].copies[].remote.sftp', '].backup.remote.sftp')),
      );

    expect(missing).toEqual([]);
  });
});

function pathsOf(value: unknown, prefix: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => pathsOf(item, `${prefix}[]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    // Those of rules are a record by name, those of failover keys of their own.
    const named = /(components|for|rules\.thresholds|labels|types|ranges|env)$/.test(prefix)
      ? `${prefix}.*`
      : prefix === ''
        ? key
        : `${prefix}.${key}`;
    return [named, ...pathsOf(item, named)];
  });
}

describe('config show', () => {
  it('writes what loads to the same configuration, in file notation', () => {
    const bench = createBench();
    const loaded = bench.good(read('exporter/config.example.yaml'), { GENESIS_BACKUP_KEY: 'only an example secret' });
    const shown = showConfig(loaded.config);
    const again = bench.good(shown, { GENESIS_BACKUP_KEY: 'only an example secret' });
    bench.remove();

    expect(again.config).toEqual(loaded.config);
    expect(shown).toMatch(/bandwidth: 50MiB/);
    expect(shown).toMatch(/test_frequency_sla: 30d/);
    expect(shown).toMatch(/key: env:GENESIS_BACKUP_KEY/);
  });

  it('without defaults is short and loads to the same configuration', () => {
    const bench = createBench();
    const env = { GENESIS_BACKUP_KEY: 'only an example secret' };
    const loaded = bench.good(read('exporter/config.example.yaml'), env);
    const shown = showDifferences(loaded.config);
    const again = bench.good(shown, env);
    bench.remove();
    const few = showDifferences(Config.parse({ services: [{ name: 'a', copies: [{ name: 'b', path: '/mnt/b' }] }] }));

    expect(again.config).toEqual(loaded.config);
    expect(shown.length).toBeLessThan(showConfig(loaded.config).length);
    expect(parse(few)).toEqual({ services: [{ name: 'a', copies: [{ name: 'b', path: '/mnt/b' }] }] });
  });

  it('masks what an address may carry', () => {
    const config = Config.parse({
      alertmanager: { webhook_url: 'https://hooks.example/T00/abc123def456ghi789?key=k' },
    });

    expect(parse(showConfig(config))).toMatchObject({
      alertmanager: { webhook_url: 'https://hooks.example/T00/***?key=***' },
    });
  });

  it('shows one service as a file of its own', () => {
    const config = Config.parse({
      services: [{ name: 'a' }, { name: 'b', backup: { limits: { bandwidth: '1MiB' } } }],
    });
    const second = config.services[1];

    expect(second && Config.parse(parse(showService(second))).services).toEqual([second]);
  });
});
