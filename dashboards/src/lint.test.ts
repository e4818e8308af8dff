import { boardUids } from './links.ts';
import { dashboards, panelsOf, type PanelJson } from './testing/dashboard.ts';
import { inspect, resultLabels } from './testing/promql.ts';

// The rules of Grafana's dashboard-linter, and ours, on the generated files.

const boards = dashboards();
const panels = boards.flatMap((board) =>
  panelsOf(board).map((panel) => [`${board.uid}/${panel.title}`, panel, board] as const),
);

describe('boards', () => {
  it('are those that links may name, each once', () => {
    expect(boards.map((board) => board.uid)).toEqual([...boardUids]);
  });

  it.each(boards.map((board) => [board.uid, board] as const))(
    '%s is tagged, not editable and sanely refreshed',
    (_, board) => {
      expect(board).toMatchObject({ tags: ['genesis-dr'], editable: false, schemaVersion: 42 });
      expect(board.time).toEqual({ from: expect.stringMatching(/^now-\d+[hd]$/), to: 'now' });
      expect(['10s', '30s', '1m', '5m']).toContain(board.refresh);
      expect(board.description).toMatch(/\?$/);
    },
  );

  it.each(boards.map((board) => [board.uid, board] as const))(
    '%s gives each panel its own id, title and place',
    (_, board) => {
      const ids = board.panels.map((panel) => panel.id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.every((id) => Number.isInteger(id) && id > 0)).toBe(true);
      const titles = panelsOf(board).map((panel) => panel.title);
      expect(new Set(titles).size).toBe(titles.length);
      const cells = board.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_cell, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
      );
      expect(new Set(cells).size).toBe(cells.length);
      expect(board.panels.every(({ gridPos: { x, w } }) => x >= 0 && w >= 1 && x + w <= 24)).toBe(true);
    },
  );

  it.each(boards.map((board) => [board.uid, board] as const))(
    '%s defines the variables that it uses, and uses those that it defines',
    (_, board) => {
      const text = JSON.stringify([board.panels, board.annotations, board.templating.list.map((v) => v.query)]);
      const used = new Set(
        [...text.matchAll(/\$(?:\{(\w+)(?::\w+)?\}|(\w+))/g)]
          .map((m) => m[1] ?? m[2] ?? '')
          .filter((name) => !name.startsWith('__')),
      );
      expect([...used].sort()).toEqual(board.templating.list.map((variable) => variable.name).sort());
    },
  );

  it.each(boards.map((board) => [board.uid, board] as const))(
    '%s lets the viewer choose the data source, and several of each scope',
    (_, board) => {
      const [first, ...others] = board.templating.list;
      expect(first).toMatchObject({ name: 'datasource', type: 'datasource', query: 'prometheus' });
      for (const variable of others.filter((v) => ['cluster', 'region', 'service'].includes(v.name)))
        expect(variable).toMatchObject({
          multi: true,
          includeAll: true,
          allValue: '.*',
          current: { value: ['$__all'] },
        });
    },
  );

  it.each(boards.map((board) => [board.uid, board] as const))('%s leaves no hole in a row', (_, board) => {
    const tops = board.panels.filter((panel) => panel.type === 'row').map((panel) => panel.gridPos.y);
    for (const top of tops) {
      const next = tops.find((other) => other > top) ?? Infinity;
      const boxes = panelsOf(board)
        .map(({ gridPos }) => gridPos)
        .filter(({ y }) => y > top && y < next);
      const bottom = Math.max(...boxes.map(({ y, h }) => y + h));
      expect(boxes.reduce((area, { w, h }) => area + w * h, 0)).toBe(24 * (bottom - top - 1));
    }
  });

  it('marks operations on every board of services', () => {
    for (const board of boards.filter((b) => b.templating.list.some((v) => v.name === 'service')))
      expect(board.annotations.list?.map((mark) => mark.name)).toEqual([
        'Operations',
        'Maintenance',
        'Failed backups',
        'Restores',
        'Drills',
        'Failovers',
      ]);
  });

  it('offers the documented intervals on the performance board', () => {
    const interval = boards.find((b) => b.uid === 'performance')?.templating.list.find((v) => v.name === 'interval');
    expect(interval?.options?.map((option) => option.value)).toEqual(['1m', '5m', '15m', '1h']);
    expect(interval?.current?.value).toBe('5m');
  });
});

/** Labels that name a row: the columns that the table puts first and does not rename. */
function tableKeys(panel: PanelJson): readonly string[] {
  const organize = panel.transformations?.find(({ id }) => id === 'organize')?.options as {
    readonly indexByName: Readonly<Record<string, number>>;
    readonly renameByName: Readonly<Record<string, string>>;
  };
  return Object.keys(organize.indexByName)
    .filter((name) => organize.renameByName[name] === undefined)
    .sort();
}

/** A regular expression as Grafana writes it, between slashes. */
const patternOf = (written: unknown): RegExp => new RegExp(String(written).slice(1, -1));

const byBoard = boards.map((board) => [board.uid, panelsOf(board)] as const);

describe('panels', () => {
  it.each(byBoard)('of %s join the columns of a table by exactly the labels that name its rows', (_, all) => {
    for (const panel of all.filter(({ type }) => type === 'table')) {
      const keys = tableKeys(panel);
      expect(keys.length).toBeGreaterThan(0);
      for (const target of panel.targets ?? [])
        expect([panel.title, target.legendFormat, resultLabels(target.expr)]).toEqual([
          panel.title,
          target.legendFormat,
          keys,
        ]);
    }
  });

  it.each(byBoard)('of %s give a missing value the colour of text, and no colour of good or bad', (_, all) => {
    const missing = { type: 'special', options: { match: 'null+nan', result: { color: 'text' } } };
    for (const panel of all) {
      const { mappings } = panel.fieldConfig.defaults;
      if (panel.type === 'stat' || panel.type === 'gauge')
        expect(mappings).toMatchObject([...(mappings ?? []).slice(0, -1), missing]);
      if (panel.type === 'table')
        for (const target of panel.targets ?? []) {
          const own = panel.fieldConfig.overrides.find(({ matcher }) => matcher.options === target.legendFormat);
          const cell = own?.properties.find(({ id }) => id === 'mappings')?.value as unknown[];
          expect(cell.at(-1)).toMatchObject(missing);
        }
    }
  });

  it.each(byBoard)(
    'of %s show words of states, not bands of thresholds, and our words where there is no state',
    (_, all) => {
      for (const panel of all.filter(({ type }) => type === 'state-timeline')) {
        const { mappings = [], color } = panel.fieldConfig.defaults;
        expect([panel.title, color?.mode]).toEqual([panel.title, mappings.length > 0 ? 'fixed' : 'thresholds']);
        // Answers without a series are dropped; names are given again, since the transformation forgets them.
        expect(panel.transformations).toEqual([{ id: 'prepareTimeSeries', options: { format: 'multi' } }]);
        for (const target of panel.targets ?? [])
          expect(panel.fieldConfig.overrides).toContainEqual({
            matcher: { id: 'byFrameRefID', options: target.refId },
            properties: [
              { id: 'displayName', value: target.legendFormat.replace(/\{\{(\w+)\}\}/g, '${__field.labels.$1}') },
            ],
          });
      }
    },
  );

  it.each(byBoard)('of %s do not leave the colour of failures to the palette', (_, all) => {
    for (const panel of all.filter(({ type }) => type === 'timeseries')) {
      const colorOf = (name: string) =>
        panel.fieldConfig.overrides
          .filter(({ matcher }) => matcher.id === 'byRegexp' && patternOf(matcher.options).test(name))
          .map(({ properties }) => (properties[0]?.value as { fixedColor: string }).fixedColor);
      expect(colorOf('failure')).toEqual(['red']);
      expect(colorOf('shop failed')).toEqual(['red']);
      expect(colorOf('503')).toEqual(['red']);
      expect(colorOf('shop 4xx')).toEqual(['orange']);
      expect(colorOf('success')).toEqual(['green']);
      expect(colorOf('demo-files')).toEqual([]);
      expect(colorOf('successful')).toEqual([]);
    }
  });

  it.each(byBoard)('of %s say what they show, in which unit, and what they say when nothing is known', (_, all) => {
    for (const panel of all) {
      expect(panel.description?.length ?? 0).toBeGreaterThan(15);
      expect(panel.description).toMatch(/\.$/);
      expect(panel.fieldConfig.defaults.unit).toBeTruthy();
      expect(panel.fieldConfig.defaults.noValue).toMatch(/[a-z]/);
      expect(panel.fieldConfig.defaults.noValue).not.toMatch(/\d/);
      if (panel.type === 'table')
        for (const target of panel.targets ?? []) {
          const own = panel.fieldConfig.overrides.find((override) => override.matcher.options === target.legendFormat);
          expect(own?.properties.map((property) => property.id)).toContain('unit');
        }
    }
  });

  it.each(byBoard)('of %s ask the chosen data source, and name their lines', (_, all) => {
    for (const panel of all) {
      expect(panel.targets?.length).toBeGreaterThan(0);
      expect(panel.datasource?.uid).toBe('${datasource}');
      for (const target of panel.targets ?? []) {
        expect(target.datasource).toEqual({ type: 'prometheus', uid: '${datasource}' });
        expect(target.legendFormat).not.toBe('');
        expect(target.instant === true).not.toBe(target.range === true);
      }
      expect(new Set(panel.targets?.map((target) => target.refId)).size).toBe(panel.targets?.length);
    }
  });

  it.each(byBoard)('of %s show their legend or their last value', (_, all) => {
    for (const panel of all) {
      if (panel.type === 'timeseries' || panel.type === 'state-timeline')
        expect(panel.options.legend?.showLegend).toBe(true);
      if (panel.type === 'stat' || panel.type === 'gauge')
        expect(panel.options.reduceOptions?.calcs).toEqual(['lastNotNull']);
      // Grafana would hide what is 0, and 0 is the worst score.
      if (panel.type === 'heatmap' && panel.targets?.[0]?.format !== 'heatmap')
        expect(panel.options.filterValues).toEqual({});
    }
  });

  it.each(byBoard)('of %s take rates over the interval of the graph', (_, all) => {
    for (const panel of all) {
      for (const target of panel.targets ?? [])
        for (const range of inspect(target.expr).ranges) {
          const graph = ['$__rate_interval', '$interval'];
          if (/^i?rate$/.test(range.function)) expect(graph).toContain(range.window);
          // Events of a day and more are a figure of their own.
          if (range.function === 'increase')
            expect([...graph, '$__range', '1h', '1d', '7d', '30d']).toContain(range.window);
        }
    }
  });

  it.each(byBoard)('of %s lead only to boards that exist and to the plugin', (_, all) => {
    for (const panel of all) {
      const links = [
        ...(panel.fieldConfig.defaults.links ?? []),
        ...panel.fieldConfig.overrides.flatMap((override) =>
          override.properties.filter((p) => p.id === 'links').flatMap((p) => p.value as { url: string }[]),
        ),
      ];
      for (const { url } of links) {
        expect(url).toMatch(/^\/(d|a\/genesis-dr-app)\//);
        if (url.startsWith('/d/')) expect(boardUids).toContain(url.slice(3).split('?')[0]);
      }
    }
  });

  it('and links and marks are in sight, not in a menu', () => {
    expect(JSON.stringify(boards)).not.toContain('inControlsMenu');
  });

  it('lead from the fleet to a service, from there to its components, and to the plugin', () => {
    const overview = boards.find((board) => board.uid === 'dr-overview');
    const table =
      overview === undefined
        ? undefined
        : panelsOf(overview).find((p) => p.title === 'Services against their objectives');
    const links = table?.fieldConfig.overrides.find((o) => o.matcher.options === 'service')?.properties[0]?.value as {
      url: string;
    }[];

    expect(links.map(({ url }) => url.split('?')[0])).toEqual([
      '/d/dr-overview',
      '/d/backup-status',
      '/d/replication',
      '/d/recovery',
      '/d/dr-tests',
      '/a/genesis-dr-app/overview',
    ]);
    expect(links[1]?.url).toContain('var-service=${__data.fields.service}');
  });

  it('colour readiness green above 80 %, yellow above 60 %, red below', () => {
    const gauge = panels.find(([name]) => name === 'dr-overview/DR Readiness')?.[1];
    expect(gauge?.fieldConfig.defaults.thresholds?.steps).toEqual([
      { value: null, color: 'red' },
      { value: 0.6, color: 'yellow' },
      { value: 0.8, color: 'green' },
    ]);
  });
});
