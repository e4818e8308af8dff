import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { metricCatalogue, type Family } from '@genesis-dr/exporter/contract';
import { externalLabels, targetLabels } from './external.ts';
import { familyOf } from './query.ts';
import { recordLabels } from './records.ts';
import { dashboards, panelsOf } from './testing/dashboard.ts';
import { inspect, type Selector } from './testing/promql.ts';
import { waitingPanels } from './waiting.ts';

const checkout = path.resolve(import.meta.dirname, '../..');
const boards = dashboards();
const panels = boards.flatMap((board) =>
  panelsOf(board).map((panel) => ({ name: `${board.uid}/${panel.title}`, targets: panel.targets ?? [] })),
);
const queries = panels.flatMap(({ name, targets }) =>
  targets.map((target) => [`${name} ${target.refId}`, target.expr, target.legendFormat] as const),
);
const marks = boards.flatMap((board) =>
  (board.annotations.list ?? []).map((mark) => [`${board.uid} mark ${mark.name}`, mark.expr, ''] as const),
);

/** Labels of a series that a query may name, with those of its scrape; null when nothing makes it. */
function labelsOf(name: string): readonly string[] | null {
  const record = (recordLabels as Readonly<Record<string, readonly string[]>>)[name];
  if (record !== undefined) return record;
  const external = (externalLabels as Readonly<Record<string, readonly string[]>>)[name];
  if (external !== undefined) return [...external, ...targetLabels];
  const families = metricCatalogue as Readonly<Record<string, Family>>;
  const own = families[name];
  if (own !== undefined && own.type !== 'histogram') return [...own.labels, ...targetLabels];
  const histogram = own === undefined ? familyOf(name) : undefined;
  if (histogram?.type !== 'histogram') return null;
  return [...histogram.labels, ...targetLabels, ...(name.endsWith('_bucket') ? ['le'] : [])];
}

/** The viewer chooses the metric: only the variable may stand there. */
const isChosen = (selector: Selector): boolean => selector.name === '' && selector.matched.includes('__name__');

/** What is wrong with a query, in words; empty when nothing is. */
function faults(expr: string, legend: string): string[] {
  const { errors, selectors, groupings } = inspect(expr);
  const named = selectors.filter((selector) => !isChosen(selector));
  const unknown = named.filter(({ name }) => labelsOf(name) === null).map(({ name }) => `nothing makes ${name}`);
  const foreign = named.flatMap(({ name, matched }) =>
    matched
      .filter((label) => labelsOf(name)?.includes(label) === false)
      .map((label) => `${name} has no label ${label}`),
  );
  const lost = groupings
    .filter(({ label, of }) => !of.some((selector) => isChosen(selector) || labelsOf(selector.name)?.includes(label)))
    .map(({ label }) => `nothing grouped has the label ${label}`);
  const kept = groupings.filter(({ kind }) => kind === 'by').map(({ label }) => label);
  const available = kept.length > 0 ? kept : named.flatMap(({ name }) => labelsOf(name) ?? []);
  const unnamed = [...legend.matchAll(/\{\{(\w+)\}\}/g)]
    .map((m) => m[1] ?? '')
    .filter((label) => !available.includes(label))
    .map((label) => `the legend names ${label}, which is not kept`);
  const gaps = expr.includes('undefined') ? ['undefined'] : [];
  return [...errors, ...unknown, ...foreign, ...lost, ...unnamed, ...gaps];
}

describe('queries', () => {
  it.each(boards.map((board) => [board.uid]))('of %s are PromQL over series and labels that exist', (uid) => {
    const own = [...queries, ...marks].filter(([name]) => name.startsWith(`${uid}/`) || name.startsWith(`${uid} mark`));
    const found = own.flatMap(([name, expr, legend]) => faults(expr, legend).map((fault) => `${name}: ${fault}`));

    expect(own.length).toBeGreaterThan(0);
    expect(found).toEqual([]);
  });

  it('would be found wrong', () => {
    expect(faults('sum by (nothing) (genesis_none{a="b"})', '')).toHaveLength(2);
    expect(faults('sum by (service) (genesis_backups{replica="x"})', '{{cluster}}')).toEqual([
      'genesis_backups has no label replica',
      'the legend names cluster, which is not kept',
    ]);
    expect(faults('genesis_backup_duration_seconds', '')).toEqual(['nothing makes genesis_backup_duration_seconds']);
  });
});

describe('recorded series', () => {
  it('are all recorded by the generated rules', () => {
    const folder = path.join(checkout, 'rules/generated');
    const rules = readdirSync(folder)
      .filter((file) => file.endsWith('.yml'))
      .map((file) => readFileSync(path.join(folder, file), 'utf8'))
      .join('\n');
    const recorded = new Set([...rules.matchAll(/^\s*(?:- )?record: (\S+)$/gm)].map((m) => m[1] ?? ''));

    expect(Object.keys(recordLabels).filter((name) => !recorded.has(name))).toEqual([]);
  });

  it('are each read by a panel', () => {
    const read = new Set(queries.flatMap(([, expr]) => inspect(expr).selectors.map((s) => s.name)));
    expect(Object.keys(recordLabels).filter((name) => !read.has(name))).toEqual([]);
  });
});

describe('alerts', () => {
  it('link to boards that exist', () => {
    const folder = path.join(checkout, 'rules/generated');
    const texts = readdirSync(folder).map((file) => readFileSync(path.join(folder, file), 'utf8'));
    const linked = new Set(texts.flatMap((text) => [...text.matchAll(/\/d\/([\w-]+)/g)].map((m) => m[1] ?? '')));

    expect(linked.size).toBeGreaterThan(5);
    expect([...linked].filter((uid) => !boards.some((board) => board.uid === uid))).toEqual([]);
  });
});

describe('panels that wait', () => {
  it('are exactly those that read nothing but planned metrics', () => {
    const waiting = panels
      .filter(({ targets }) => {
        const own = targets.flatMap((target) => inspect(target.expr).selectors.map((s) => familyOf(s.name)));
        return own.length > 0 && own.every((family) => family?.from === 'planned');
      })
      .map(({ name }) => name);

    expect([...waitingPanels].sort()).toEqual(waiting.sort());
  });
});

/** Shown in another form, or read by the rules. */
const notShown: readonly string[] = [
  'genesis_backup_age_seconds', // counted from the timestamp of the last success
  'genesis_backup_next_scheduled_timestamp_seconds', // as countdown
  'genesis_dr_test_next_scheduled_timestamp_seconds', // as countdown
  'genesis_scaling_forecast_pinball', // in the unit of each metric: on the page Scaling
  'genesis_sla_objective_ratio', // as record, beside compliance
];

describe('the catalogue', () => {
  it('is on the boards: what Genesis publishes is shown', () => {
    const selectors = queries.flatMap(([, expr]) => inspect(expr).selectors.map(({ name }) => name));
    const shown = new Set(selectors.flatMap((name) => [name, name.replace(/_(bucket|sum|count)$/, '')]));
    const families: Readonly<Record<string, Family>> = metricCatalogue;
    const twinIsShown = (name: string): boolean =>
      Object.entries(families).some(([other, { twin }]) =>
        other === name ? twin !== undefined : twin === name && shown.has(other),
      );
    const missing = Object.keys(families).filter(
      (name) =>
        families[name]?.from !== 'process' && !shown.has(name) && !twinIsShown(name) && !notShown.includes(name),
    );

    expect(missing).toEqual([]);
    expect(notShown.filter((name) => shown.has(name))).toEqual([]);
  });
});
