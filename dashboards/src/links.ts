/** Uids of all boards; links name only these. */
export const boardUids = [
  'dr-overview',
  'backup-status',
  'replication',
  'recovery',
  'dr-tests',
  'system-health',
  'performance',
  'scaling',
  'regions',
  'data-quality',
  'exporter',
] as const;
export type BoardUid = (typeof boardUids)[number];

/** Pages of the app plugin that a panel leads to. */
export type PluginPage =
  'overview' | 'backups' | 'recovery' | 'failover' | 'scaling' | 'regions' | 'drills' | 'data-quality';

export interface Link {
  readonly title: string;
  readonly url: string;
}

/** Where the clicked thing's labels are: on a line of a panel, or in the row of a table. */
type Place = 'line' | 'row';

const labelOf = (place: Place, label: string): string =>
  place === 'line' ? `\${__field.labels.${label}}` : `\${__data.fields.${label}}`;

/** To a board, narrowed to the service that was clicked, at the same time range and data source. */
export function toBoard(title: string, uid: BoardUid, place: Place = 'line'): Link {
  const scope = ['cluster', 'service'].map((label) => `var-${label}=${labelOf(place, label)}`).join('&');
  return { title, url: `/d/${uid}?\${datasource:queryparam}&${scope}&\${__url_time_range}` };
}

/** To a board, narrowed to the region that was clicked. */
export function toRegionBoard(title: string, uid: BoardUid, place: Place = 'line'): Link {
  const scope = ['cluster', 'region'].map((label) => `var-${label}=${labelOf(place, label)}`).join('&');
  return { title, url: `/d/${uid}?\${datasource:queryparam}&${scope}&\${__url_time_range}` };
}

/** To the page of the plugin where something can be done about it. */
export function toPlugin(title: string, page: PluginPage, place: Place = 'line'): Link {
  return { title, url: `${pluginUrl(page)}?service=${labelOf(place, 'service')}` };
}

export function pluginUrl(page: PluginPage): string {
  return `/a/genesis-dr-app/${page}`;
}

/** From one service to the boards of its components and to the plugin. */
export function serviceLinks(place: Place): readonly Link[] {
  return [
    toBoard('Only this service', 'dr-overview', place),
    toBoard('Backups', 'backup-status', place),
    toBoard('Replication', 'replication', place),
    toBoard('Recovery', 'recovery', place),
    toBoard('Drills', 'dr-tests', place),
    toPlugin('Act on it in Genesis DR', 'overview', place),
  ];
}
