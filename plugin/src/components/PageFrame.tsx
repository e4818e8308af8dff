import type { NavModelItem } from '@grafana/data';
import { t } from '../text.ts';
import { PluginPage } from '@grafana/runtime';
import { Alert, Icon, LoadingBar, Stack, Text } from '@grafana/ui';
import { useConnection } from '../api/hooks.ts';
import { getTimeZone } from '@grafana/data';
import { formatAge, formatTime } from '../lib/format.ts';
import { testIds } from './testIds.ts';
import { useNow } from './useNow.ts';

interface PageFrameProps {
  /** Id of pages/index.ts; names the page for tests. */
  readonly id: string;
  readonly title: string;
  readonly subTitle?: string;
  /** Of the page one level up, for the breadcrumbs. */
  readonly parent?: { readonly title: string; readonly url: string };
  /** Buttons beside the title. */
  readonly actions?: React.ReactNode;
  /** When the data shown arrived (ApiQuery.updatedAt); null before the first. */
  readonly updatedAt?: number | null;
  readonly isFetching?: boolean;
  readonly children: React.ReactNode;
}

/** What every page has: title, age of the data, how it is connected, and a notice while the exporter does not answer. */
export function PageFrame(props: PageFrameProps): React.JSX.Element {
  const { id, title, subTitle, parent, actions, updatedAt, isFetching = false, children } = props;
  const pageNav: NavModelItem = {
    text: title,
    ...(subTitle === undefined ? {} : { subTitle }),
    ...(parent === undefined ? {} : { parentItem: { text: parent.title, url: parent.url } }),
  };
  return (
    <PluginPage
      pageNav={pageNav}
      actions={
        <Stack gap={1} wrap="wrap">
          {actions}
        </Stack>
      }
    >
      <div data-testid={testIds.page(id)}>
        <RefreshBar isFetching={isFetching && updatedAt !== null} />
        <Stack direction="column" gap={2}>
          <ConnectionNotice />
          {updatedAt === undefined ? null : <Freshness updatedAt={updatedAt} />}
          {children}
        </Stack>
      </div>
    </PluginPage>
  );
}

/** Wider than most pages, so that the bar takes about as long everywhere; what is too much is cut off. */
const barWidth = 1600;

/** A refresh keeps the old data in place and only runs a thin line over it. */
function RefreshBar({ isFetching }: { readonly isFetching: boolean }): React.JSX.Element {
  return (
    <div style={{ height: 1, overflow: 'hidden' }} aria-hidden>
      {isFetching ? <LoadingBar width={barWidth} /> : null}
    </div>
  );
}

/** `Updated 12 s ago · live`. */
export function Freshness({ updatedAt }: { readonly updatedAt: number | null }): React.JSX.Element {
  const now = useNow();
  const { stream } = useConnection();
  return (
    <Stack gap={1} alignItems="center" wrap="wrap">
      <Text variant="bodySmall" color="secondary">
        <span data-testid={testIds.connection.updated}>
          {updatedAt === null
            ? t('page.notYet', 'Not loaded yet')
            : t('page.updated', 'Updated {{age}}', { age: formatAge(updatedAt, Math.max(now, updatedAt)) })}
        </span>
      </Text>
      <Text variant="bodySmall" color="secondary">
        <span data-testid={testIds.connection.state} data-state={stream}>
          {/* By key: an icon that changes its name goes on showing the one before. */}
          <Icon key={stream} name={stream === 'connected' ? 'signal' : 'sync'} size="sm" /> {streamWord(stream)}
        </span>
      </Text>
    </Stack>
  );
}

function streamWord(stream: string): string {
  switch (stream) {
    case 'connected':
      return t('stream.connected', 'Live');
    case 'reconnecting':
      return t('stream.reconnecting', 'Connecting to live events');
    case 'polling':
      return t('stream.polling', 'No live events: asks every 10 s');
    default:
      return t('stream.off', 'Live events paused');
  }
}

/** While the exporter does not answer, what is on the page stays, and this says of when it is. */
export function ConnectionNotice(): React.JSX.Element | null {
  const { failingSince, lastAnswerAt, error } = useConnection();
  const now = useNow();
  if (failingSince === null || error === null) return null;
  const since = formatTime(failingSince, getTimeZone());
  return (
    <div data-testid={testIds.connection.notice} aria-live="polite">
      <Alert
        severity="warning"
        title={t('connection.lost', 'The exporter is not reachable since {{since}} ({{age}})', {
          since,
          age: formatAge(failingSince, now),
        })}
      >
        {lastAnswerAt === null
          ? t('connection.never', 'It has not answered since this page was opened.')
          : t('connection.stale', 'What you see is of {{moment}}. Actions are not possible until it answers again.', {
              moment: formatTime(lastAnswerAt, getTimeZone()),
            })}{' '}
        {t('connection.hint', 'What helps: {{hint}}.', { hint: error.hint })}
      </Alert>
    </div>
  );
}
