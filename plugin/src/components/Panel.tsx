import { Stack, Text, useTheme2 } from '@grafana/ui';

interface PanelProps {
  readonly title: string;
  /** Beside the title: a badge, a link, buttons. */
  readonly aside?: React.ReactNode;
  readonly testId?: string;
  readonly children: React.ReactNode;
}

/** A part of a page with its heading, in the look of Grafana's panels. */
export function Panel({ title, aside, testId, children }: PanelProps): React.JSX.Element {
  const theme = useTheme2();
  return (
    <section
      aria-label={title}
      data-testid={testId}
      style={{
        background: theme.colors.background.primary,
        border: `1px solid ${theme.colors.border.weak}`,
        borderRadius: theme.shape.radius.default,
        padding: theme.spacing(2),
        minWidth: 0,
      }}
    >
      <Stack direction="column" gap={1.5}>
        <Stack justifyContent="space-between" alignItems="center" gap={1} wrap="wrap">
          <Text element="h2" variant="h5">
            {title}
          </Text>
          {aside}
        </Stack>
        {children}
      </Stack>
    </section>
  );
}

interface GridProps {
  /** Pixels below which there are fewer columns. */
  readonly minWidth: number;
  /** Never fewer than this many. */
  readonly atLeast?: 1 | 2;
  readonly children: React.ReactNode;
}

/** Columns that become fewer as the room does; one at 360 px. */
export function Grid({ minWidth, atLeast = 1, children }: GridProps): React.JSX.Element {
  const theme = useTheme2();
  const most = atLeast === 1 ? '100%' : `calc(50% - ${theme.spacing(1)})`;
  return (
    <div
      style={{
        display: 'grid',
        gap: theme.spacing(2),
        gridTemplateColumns: `repeat(auto-fit, minmax(min(${minWidth}px, ${most}), 1fr))`,
      }}
    >
      {children}
    </div>
  );
}
