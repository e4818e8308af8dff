import type { GeneratedFile, PrometheusServer } from './prometheus.ts';

// Asks Prometheus what the panels of dashboards ask, in the way in which Grafana does.

interface TargetJson {
  readonly expr: string;
  readonly legendFormat: string;
  readonly instant?: boolean;
}
interface PanelJson {
  readonly type: string;
  readonly title: string;
  readonly targets?: readonly TargetJson[];
  readonly transformations?: readonly { readonly id: string; readonly options: unknown }[];
}
export interface BoardJson {
  readonly uid: string;
  readonly panels: readonly PanelJson[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
  readonly annotations: { readonly list?: readonly { readonly name: string; readonly expr: string }[] };
}

export interface PanelAnswer {
  /** uid/title, as the list of waiting panels names it. */
  readonly panel: string;
  /** uid/title: the line or column. */
  readonly name: string;
  /** As it was asked. */
  readonly expr: string;
  readonly error: string | null;
  readonly series: readonly { readonly labels: Readonly<Record<string, string>>; readonly values: readonly number[] }[];
  /** Labels that the panel needs of every series. */
  readonly needed: readonly string[];
  /** Labels that name a row; null where the panel is no table. */
  readonly keys: readonly string[] | null;
}

export function readBoards(files: readonly GeneratedFile[]): readonly BoardJson[] {
  return files.map((file) => JSON.parse(file.content) as BoardJson);
}

/** Puts values in the place of a dashboard's variables; `$__rate_interval` becomes `window`. */
export function withValues(text: string, values: Readonly<Record<string, string>>, window = '15s'): string {
  const all: Readonly<Record<string, string>> = { ...values, __rate_interval: window, __range: '5m' };
  return text.replace(/\$\{?(\w+)\}?/g, (variable, name: string) => all[name] ?? variable);
}

/** Every query of every panel, one after the other: instant where the panel shows the present, else over two minutes. */
export async function askPanels(
  prometheus: PrometheusServer,
  boards: readonly BoardJson[],
  values: Readonly<Record<string, string>>,
): Promise<PanelAnswer[]> {
  const answers: PanelAnswer[] = [];
  for (const board of boards)
    for (const panel of board.panels)
      for (const target of panel.targets ?? []) answers.push(await ask(prometheus, board.uid, panel, target, values));
  return answers;
}

async function ask(
  prometheus: PrometheusServer,
  uid: string,
  panel: PanelJson,
  target: TargetJson,
  values: Readonly<Record<string, string>>,
): Promise<PanelAnswer> {
  const expr = withValues(target.expr, values);
  const keys = panel.type === 'table' ? keysOf(panel) : null;
  const named = [...target.legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1] ?? '');
  const described = {
    panel: `${uid}/${panel.title}`,
    name: `${uid}/${panel.title}: ${target.legendFormat}`,
    expr,
    // Alerts about no single service or region do not have these labels.
    needed: target.expr.includes('ALERTS{') ? [] : (keys ?? named),
    keys,
  };
  try {
    return { ...described, error: null, series: await run(prometheus, expr, target.instant === true) };
  } catch (thrown) {
    return { ...described, error: String(thrown), series: [] };
  }
}

/** The columns of a table that are no values: its rows are named by them. */
function keysOf(panel: PanelJson): string[] {
  const organize = panel.transformations?.find(({ id }) => id === 'organize')?.options as
    { readonly indexByName: Readonly<Record<string, number>> } | undefined;
  return Object.keys(organize?.indexByName ?? {}).filter((field) => !field.startsWith('Value'));
}

interface Result {
  readonly resultType: 'vector' | 'matrix';
  readonly result: readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly value?: readonly [number, string];
    readonly values?: readonly (readonly [number, string])[];
  }[];
}

async function run(prometheus: PrometheusServer, expr: string, instant: boolean): Promise<PanelAnswer['series']> {
  const query = `query=${encodeURIComponent(expr)}`;
  const end = Date.now() / 1000;
  const data = await prometheus.api<Result>(
    instant ? `/api/v1/query?${query}` : `/api/v1/query_range?${query}&start=${end - 120}&end=${end}&step=5`,
  );
  const wanted = instant ? 'vector' : 'matrix';
  if (data.resultType !== wanted) throw new Error(`${expr} gave a ${data.resultType}, not a ${wanted}`);
  return data.result.map(({ metric, value, values }) => ({
    labels: metric,
    values: (value === undefined ? (values ?? []) : [value]).map(([, number]) => Number(number)),
  }));
}

/** What is wrong with the data that panels got, in words: no number, a label that is missing, several results in a table's row. */
export function faultsOf(answers: readonly PanelAnswer[]): string[] {
  return answers.flatMap(({ name, series, needed, keys }) => {
    const numberless = series.filter(({ values }) => !values.some((value) => Number.isFinite(value)));
    const missing = series.flatMap(({ labels }) => needed.filter((label) => !(label in labels)));
    const rows = new Set(series.map(({ labels }) => (keys ?? []).map((key) => labels[key]).join('|')));
    return [
      ...numberless.map(() => `${name}: no number`),
      ...missing.map((label) => `${name}: no ${label}`),
      ...(keys !== null && rows.size < series.length ? [`${name}: several results in a row`] : []),
    ];
  });
}
