import * as series from '@grafana/grafana-foundation-sdk/timeseries';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as gauge from '@grafana/grafana-foundation-sdk/gauge';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as stateTimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import { fieldLinks, mappings, thresholds } from './fields.ts';
import { panelId, type GridPos } from './layout.ts';
import type { Query, QueryPanel, TablePanel } from './panel.ts';
import { tableBuilder } from './table.ts';

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
    .noValue(panel.noValue ?? 'no data')
    .mappings(mappings(panel.words));
  if (panel.decimals !== undefined) builder.decimals(panel.decimals);
  if (panel.min !== undefined) builder.min(panel.min);
  if (panel.max !== undefined) builder.max(panel.max);
  if (panel.links !== undefined) builder.dataLinks(fieldLinks(panel.links));
  return builder;
}

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
    .thresholds(thresholds(panel.steps));
}

function gaugeBuilder(panel: QueryPanel): gauge.PanelBuilder {
  return new gauge.PanelBuilder()
    .targets(targets(panel.queries, 'instant'))
    .reduceOptions(lastValue())
    .showThresholdMarkers(true)
    .thresholds(thresholds(panel.steps));
}

const legend = (shown: readonly string[]) =>
  new common.VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(shown.length === 0 ? common.LegendDisplayMode.List : common.LegendDisplayMode.Table)
    .placement(common.LegendPlacement.Bottom)
    .calcs([...shown]);

function seriesBuilder(panel: QueryPanel): series.PanelBuilder {
  const builder = new series.PanelBuilder()
    .targets(targets(panel.queries, 'range'))
    .legend(legend(panel.kind === 'bars' ? [] : ['lastNotNull', 'max']))
    .tooltip(
      new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending),
    )
    .thresholds(thresholds(panel.steps))
    .lineWidth(1)
    .fillOpacity(panel.kind === 'bars' ? 80 : 8)
    .drawStyle(panel.kind === 'bars' ? common.GraphDrawStyle.Bars : common.GraphDrawStyle.Line)
    .showPoints(common.VisibilityMode.Never)
    // A gap is a gap: nothing was known then.
    .spanNulls(false);
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
  return new stateTimeline.PanelBuilder()
    .targets(targets(panel.queries, 'range'))
    .legend(legend([]))
    .colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.Thresholds))
    .thresholds(thresholds(panel.steps))
    .mergeValues(true)
    .showValue(common.VisibilityMode.Auto)
    .rowHeight(0.8)
    .fillOpacity(80)
    .spanNulls(false);
}

function heatmapBuilder(panel: QueryPanel, kind: 'range' | 'buckets'): heatmap.PanelBuilder {
  return new heatmap.PanelBuilder()
    .targets(targets(panel.queries, kind))
    .calculate(false)
    .cellValues(new heatmap.CellValuesBuilder().unit(kind === 'buckets' ? 'short' : panel.unit))
    .yAxis(new heatmap.YAxisConfigBuilder().unit(kind === 'buckets' ? panel.unit : 'none'))
    .tooltip(new heatmap.HeatmapTooltipBuilder().mode(common.TooltipDisplayMode.Single).showColorScale(true))
    .showLegend();
}

/** Each line of the query is a row of cells; the scale is fixed, so that colours mean the same on every board. */
function scoresBuilder(panel: QueryPanel): heatmap.PanelBuilder {
  return heatmapBuilder(panel, 'range')
    .rowsFrame(new heatmap.RowsHeatmapOptionsBuilder().layout(common.HeatmapCellLayout.Auto))
    .filterValues(new heatmap.FilterValueRangeBuilder())
    .color(
      new heatmap.HeatmapColorOptionsBuilder()
        .mode(heatmap.HeatmapColorMode.Scheme)
        .scheme('RdYlGn')
        .min(0)
        .max(1)
        .steps(64),
    );
}

function durationsBuilder(panel: QueryPanel): heatmap.PanelBuilder {
  return heatmapBuilder(panel, 'buckets').color(
    new heatmap.HeatmapColorOptionsBuilder().mode(heatmap.HeatmapColorMode.Scheme).scheme('Blues').steps(32),
  );
}
