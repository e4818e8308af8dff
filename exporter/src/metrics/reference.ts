import { metricDomains, type Family } from '../contract/metrics/index.ts';

/**
 * Names that `promtool check metrics` finds fault with and that stay, because the source documents fixed them. Each has a
 * well-formed twin; a test compares this list with what promtool says of the real page.
 */
export const namesFixedByTheDocuments = [
  'genesis_backup_age_hours',
  'genesis_health_check_failures',
  'genesis_rpo_minutes',
  'genesis_rto_minutes',
] as const;

const sources: Readonly<Record<Family['from'], string>> = {
  service: 'snapshot',
  snapshot: 'snapshot',
  event: 'events',
  program: 'program',
  process: 'process',
  planned: 'nothing yet',
};

function row(name: string, family: Family): string {
  const twin = family.twin === undefined ? '' : ` Twin: \`${family.twin}\`.`;
  const buckets = 'buckets' in family && family.buckets !== undefined ? ` Buckets: ${family.buckets.join(', ')}.` : '';
  return `| \`${name}\` | ${family.type} | ${family.unit} | ${family.labels.join(', ')} | ${sources[family.from]} | ${family.help}${twin}${buckets} |`;
}

/** docs/reference/metrics.md, printed from the catalogue. */
export function metricsReference(): string {
  const domains = Object.entries<Readonly<Record<string, Family>>>(metricDomains).flatMap(([domain, families]) => [
    `## ${domain}`,
    '',
    '| name | type | unit | labels | from | meaning |',
    '|---|---|---|---|---|---|',
    ...Object.entries(families).map(([name, family]) => row(name, family)),
    '',
  ]);
  return [
    '# Metrics',
    '',
    '<!-- Printed from exporter/src/contract/metrics/ by `npm run generate`; do not edit. -->',
    '',
    'Served at `/metrics` as text format 0.0.4. What cannot be read has no sample: unknown is never 0. *From* tells how a value comes about:',
    '',
    '- **snapshot**: read at the moment of the scrape. Facts with a time (`*_timestamp_seconds`, last status, sizes of the last backup) survive',
    '  a failed read and are absent when they never happened. Levels (lag, queue, connected, score, ages, free space) are absent once their',
    '  reading is older than three intervals of its collector. Ages grow by themselves between two readings.',
    '- **events**: counted from the durable event store, so a restart does not set them back; they begin at 0 in every label set. Health checks',
    '  are too many to be kept: their counters begin at 0 with the program.',
    '- **program**: counted since the program started.',
    '- **process**: this process, read by prom-client.',
    '',
    'Units: `timestamp` is Unix seconds, `boolean` 1 or 0, `info` always 1. Labels are bounded: never ids, paths or error texts.',
    '',
    '## Names that break naming practice',
    '',
    'The source documents fixed these names, so `promtool check metrics` finds fault with them and with no others. Rules and dashboards use',
    'the twin named in the table: '.concat(namesFixedByTheDocuments.map((n) => `\`${n}\``).join(', '), '.'),
    '',
    ...domains,
  ].join('\n');
}
