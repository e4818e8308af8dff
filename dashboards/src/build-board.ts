import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { buildAnnotations } from './annotations.ts';
import type { Board } from './board.ts';
import { buildPanel } from './build-panel.ts';
import { flow, gridColumns, panelId, rowHeight } from './layout.ts';
import { pluginUrl } from './links.ts';
import { tidy } from './tidy.ts';
import { buildVariables } from './variables.ts';

export const tag = 'genesis-dr';

/** A board as Grafana's JSON; whoever writes it adds to the description where it comes from. */
export function buildBoard(board: Board): dashboard.Dashboard {
  const builder = new dashboard.DashboardBuilder(board.title)
    .uid(board.uid)
    .description(board.description)
    .tags([tag])
    // It is generated: what is changed here would be lost.
    .readonly()
    .timezone('browser')
    .time({ from: `now-${board.range}`, to: 'now' })
    .refresh(board.refresh)
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .variables(buildVariables(board))
    .annotations(board.scope.includes('service') ? buildAnnotations() : [])
    .links([
      new dashboard.DashboardLinkBuilder('Genesis DR boards')
        .type(dashboard.DashboardLinkType.Dashboards)
        .tags([tag])
        .asDropdown(true)
        .includeVars(true)
        .keepTime(true),
      new dashboard.DashboardLinkBuilder('Act in Genesis DR')
        .type(dashboard.DashboardLinkType.Link)
        .icon('external link')
        .url(pluginUrl(board.page)),
    ]);
  let y = 0;
  for (const row of board.rows) {
    builder.withRow(
      new dashboard.RowBuilder(row.title)
        .id(panelId(`row ${row.title}`))
        .gridPos({ x: 0, y, w: gridColumns, h: rowHeight }),
    );
    const boxes = row.panels.map(({ width = gridColumns, height = 8 }) => ({ width, height }));
    const { places, bottom } = flow(boxes, y + rowHeight);
    for (const [index, place] of places.entries()) {
      const panel = row.panels[index];
      if (panel !== undefined) builder.withPanel(buildPanel(panel, place));
    }
    y = bottom;
  }
  return tidy(builder.build());
}
