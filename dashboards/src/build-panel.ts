import * as series from '@grafana/grafana-foundation-sdk/timeseries';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as gauge from '@grafana/grafana-foundation-sdk/gauge';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as stateTimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import { fieldLinks, mappings, missing, readable, thresholds } from './fields.ts';
import { colorsOfNames } from './colors.ts';
import { panelId, type GridPos } from './layout.ts';
import type { Query, QueryPanel, TablePanel, Unit } from './panel.ts';
import { noData, tableBuilder } from './table.ts';

/** The data source that the viewer chose; never one of ours. */
export const datasource: common.DataSourceRef = { type: 'prometheus', uid: '${datasource}' };

type Builder = { build(): dashboard.Panel };

/** One panel as Grafana's JSON wants it, at its place. */
export function buildPanel(panel: QueryPanel | TablePanel, place: GridPos): Builder {
  switch (panel.kind) {
    case 'table':
      return described(tableBuilder(panel, datasource), panel, place);
    case 'stat':
      return described(statBuilder(panel), panel, place);
    case 'gauge':
      return described(gaugeBuilder(panel), panel, place);
    case 'stateTimeline':
      return described(timelineBuilder(panel), panel, place);
    case 'heatmap':
      return described(scoresBuilder(panel), panel, place);
    case 'durations':
      return described(durationsBuilder(panel), panel, place);
    case 'timeseries':
    case 'bars':
      return described(seriesBuilder(panel), panel, place);
  }
}

/** What every builder of the SDK offers. */
interface Common extends Builder {
  id(id: number): this;
  title(title: string): this;
  description(description: string): this;
  datasource(ref: common.DataSourceRef): this;
  gridPos(place: dashboard.GridPos): this;
  unit(unit: string): this;
  decimals(decimals: number): this;
  min(min: number): this;
  max(max: number): this;
  noValue(text: string): this;
  mappings(mappings: dashboard.ValueMapping[]): this;
  dataLinks(links: ReturnType<typeof fieldLinks>): this;
}

function described<B extends Common>(builder: B, panel: QueryPanel | TablePanel, place: GridPos): B {
  builder
    .id(panelId(panel.title))
    .title(panel.title)
    .description(panel.description)
    .datasource(datasource)
    .gridPos({ ...place })
    .unit(panel.unit)
    .noValue(panel.noValue ?? noData)
    .mappings([...mappings(panel.words), ...(isFigure(panel) ? [missing(panel.noValue ?? noData)] : [])]);
  const decimals = panel.decimals ?? usualDecimals(panel);
  if (decimals !== undefined) builder.decimals(decimals);
  if (panel.min !== undefined) builder.min(panel.min);
  if (panel.max !== undefined) builder.max(panel.max);
  if (panel.links !== undefined) builder.dataLinks(fieldLinks(panel.links));
  return builder;
}

/** Shares are read to a tenth of a percent; counts are whole, also where Prometheus extrapolates or an axis has room for halves. */
function usualDecimals(panel: QueryPanel | TablePanel): number | undefined {
  if (isFigure(panel) && panel.unit === 'percentunit') return 1;
  return panel.kind === 'bars' || (panel.kind === 'timeseries' && panel.unit === 'none' && panel.min === 0)
    ? 0
    : undefined;
}

/** Graphs leave a gap where nothing is known; figures and cells say so. */
const isFigure = ({ kind }: QueryPanel | TablePanel): boolean =>
  kind === 'stat' || kind === 'gauge' || kind === 'table';

const refId = (index: number): string => String.fromCharCode('A'.charCodeAt(0) + index);

function targets(queries: readonly Query[], kind: 'instant' | 'range' | 'buckets'): prometheus.DataqueryBuilder[] {
  return queries.map((query, index) => {
    const built = new prometheus.DataqueryBuilder()
      .refId(refId(index))
      .datasource(datasource)
      .expr(query.expr)
      .legendFormat(query.legend);
    if (kind === 'buckets') built.format(prometheus.PromQueryFormat.Heatmap);
    return kind === 'instant' ? built.instant() : built.range();
  });
}

const lastValue = () => new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false);

function statBuilder(panel: QueryPanel): stat.PanelBuilder {
  const colored = panel.steps !== undefined || panel.words !== undefined;
  return new stat.PanelBuilder()
    .targets(targets(panel.queries, 'instant'))
    .reduceOptions(lastValue())
    .graphMode(common.BigValueGraphMode.None)
    .textMode(panel.byName === true ? common.BigValueTextMode.Name : common.BigValueTextMode.Auto)
    .colorMode(colored ? common.BigValueColorMode.Value : common.BigValueColorMode.None)
    .thresholds(thresholds(readable(panel.steps)));
}

function gaugeBuilder(panel: QueryPanel): gauge.PanelBuilder {
  return (
    new gauge.PanelBuilder()
      .targets(targets(panel.queries, 'instant'))
      .reduceOptions(lastValue())
      .showThresholdMarkers(true)
      // Grafana's own choice is so large that it covers the ring.
      .text(new common.VizTextDisplayOptionsBuilder().valueSize(24))
      .thresholds(thresholds(panel.steps))
  );
}

const legend = (shown: readonly string[]) =>
  new common.VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(shown.length === 0 ? common.LegendDisplayMode.List : common.LegendDisplayMode.Table)
    .placement(common.LegendPlacement.Bottom)
    .calcs([...shown]);

/** Where the axis of nothing but zeros ends: without it Grafana draws one up to 100. */
const leastMax: Readonly<Partial<Record<Unit, number>>> = {
  none: 1,
  short: 1,
  s: 0.01,
  percentunit: 0.01,
  bytes: 1024,
  Bps: 1024,
  reqps: 0.1,
  ops: 0.1,
  pps: 0.1,
};

/** Only what adds up is filled: the areas of lines would hide each other. */
function fillOpacity(panel: QueryPanel): number {
  if (panel.kind === 'bars') return 80;
  return panel.stacked === true ? 20 : 0;
}

function seriesBuilder(panel: QueryPanel): series.PanelBuilder {
  const builder = new series.PanelBuilder()
    .targets(targets(panel.queries, 'range'))
    .legend(legend(panel.kind === 'bars' ? [] : ['lastNotNull', 'max']))
    .tooltip(
      new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending),
    )
    .thresholds(thresholds(panel.steps))
    .lineWidth(1)
    .fillOpacity(fillOpacity(panel))
    .drawStyle(panel.kind === 'bars' ? common.GraphDrawStyle.Bars : common.GraphDrawStyle.Line)
    .showPoints(common.VisibilityMode.Never)
    // A gap is a gap: nothing was known then.
    .spanNulls(false);
  const softMax = leastMax[panel.unit];
  if (panel.max === undefined && softMax !== undefined) builder.axisSoftMax(softMax);
  if (panel.bad === true)
    builder.colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.Shades).fixedColor('red'));
  // A bar is at least as wide as what it counts: narrower ones would show an event several times.
  if (panel.kind === 'bars') builder.interval('1m');
  for (const { pattern, color } of colorsOfNames)
    builder.overrideByRegexp(pattern, [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }]);
  if (panel.kind === 'bars' || panel.stacked === true)
    builder.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group('A'));
  for (const [index, query] of panel.queries.entries()) {
    if (query.role !== 'target') continue;
    builder.overrideByQuery(refId(index), [
      { id: 'color', value: { mode: 'fixed', fixedColor: 'red' } },
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 6] } },
      { id: 'custom.fillOpacity', value: 0 },
    ]);
  }
  return builder;
}

function timelineBuilder(panel: QueryPanel): stateTimeline.PanelBuilder {
  const builder = new stateTimeline.PanelBuilder()
    .targets(targets(panel.queries, 'range'))
    // Drops answers without a series: of those Grafana says that they lack a time field, instead of our own words.
    .withTransformation({ id: 'prepareTimeSeries', options: { format: 'multi' } })
    .legend(legend([]))
    .colorScheme(timelineColors(panel))
    .thresholds(thresholds(panel.steps))
    .mergeValues(true)
    .showValue(common.VisibilityMode.Auto)
    .rowHeight(0.8)
    .fillOpacity(80)
    .spanNulls(false);
  // The transformation forgets how a query names its lines.
  for (const [index, query] of panel.queries.entries())
    builder.overrideByQuery(refId(index), [{ id: 'displayName', value: nameOfField(query.legend) }]);
  return builder;
}

/** `{{service}} {{action}}` of a query, as a field of Grafana says it. */
function nameOfField(legend: string): string {
  return legend.replace(/\{\{(\w+)\}\}/g, '${__field.labels.$1}');
}

/** In the mode of thresholds Grafana shows their bands in the place of words. */
function timelineColors(panel: QueryPanel): dashboard.FieldColorBuilder {
  const builder = new dashboard.FieldColorBuilder();
  return panel.words === undefined
    ? builder.mode(dashboard.FieldColorModeId.Thresholds)
    : builder.mode(dashboard.FieldColorModeId.Fixed).fixedColor('text');
}

function heatmapBuilder(panel: QueryPanel, kind: 'range' | 'buckets'): heatmap.PanelBuilder {
  return new heatmap.PanelBuilder()
    .targets(targets(panel.queries, kind))
    .calculate(false)
    .cellValues(new heatmap.CellValuesBuilder().unit(kind === 'buckets' ? 'short' : panel.unit))
    .yAxis(new heatmap.YAxisConfigBuilder().unit(kind === 'buckets' ? panel.unit : 'none'))
    .tooltip(new heatmap.HeatmapTooltipBuilder().mode(common.TooltipDisplayMode.Single).showColorScale(true));
}

/** Each line of the query is a row of cells; the scale is fixed, so that colours mean the same on every board. */
function scoresBuilder(panel: QueryPanel): heatmap.PanelBuilder {
  return heatmapBuilder(panel, 'range')
    .showLegend()
    .rowsFrame(new heatmap.RowsHeatmapOptionsBuilder().layout(common.HeatmapCellLayout.Auto))
    .filterValues(new heatmap.FilterValueRangeBuilder())
    .color(
      new heatmap.HeatmapColorOptionsBuilder()
        .mode(heatmap.HeatmapColorMode.Scheme)
        .scheme('RdYlGn')
        // Grafana turns this scheme round by itself: green would be 0.
        .reverse(true)
        .min(0)
        .max(1)
        .steps(64),
    );
}

function durationsBuilder(panel: QueryPanel): heatmap.PanelBuilder {
  return (
    heatmapBuilder(panel, 'buckets')
      // While nothing has happened its ends would be infinite; the tooltip has the scale.
      .hideLegend()
      .color(new heatmap.HeatmapColorOptionsBuilder().mode(heatmap.HeatmapColorMode.Scheme).scheme('Blues').steps(32))
  );
}
