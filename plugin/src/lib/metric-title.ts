const prefix = /^(genesis|process)_/;
const unitAtEnd = /_(seconds|bytes|ratio|percent|count)(_total)?$|_total$/;
const capitals = new Map([
  ['dr', 'DR'],
  ['rpo', 'RPO'],
  ['rto', 'RTO'],
  ['cpu', 'CPU'],
  ['sla', 'SLA'],
  ['io', 'I/O'],
]);

/** Name of a metric as words: `genesis_rpo_seconds` → `RPO`, `genesis_system_cpu_usage_ratio` → `System CPU usage`. */
export function metricTitle(name: string): string {
  const words = name.replace(prefix, '').replace(unitAtEnd, '').split('_');
  const text = words.map((word) => capitals.get(word) ?? word).join(' ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
