import { t } from '../text.ts';
import { Alert } from '@grafana/ui';
import { Component } from 'react';

interface Props {
  /** Another key is another page: the boundary starts anew. */
  readonly page: string;
  readonly children: React.ReactNode;
}

interface State {
  readonly error: Error | null;
}

const reloadedKey = 'genesis-dr-app.reloaded-for-chunk';

/** One page's fault stays on that page. A chunk of an older version that is gone is fetched anew by one reload. */
export class PageBoundary extends Component<Props, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: Error): State {
    return { error };
  }

  override componentDidCatch(error: Error): void {
    if (isChunkError(error) && firstReload(this.props.page)) window.location.reload();
  }

  override render(): React.ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <Alert
        severity="error"
        title={t('boundary.title', 'This page has failed')}
        buttonContent={t('boundary.retry', 'Show it again')}
        onRemove={() => this.setState({ error: null })}
      >
        {isChunkError(error)
          ? t('boundary.chunk', 'A part of the plugin could not be fetched. It was probably upgraded: reload the page.')
          : error.message}
      </Alert>
    );
  }
}

export function isChunkError(error: Error): boolean {
  return error.name === 'ChunkLoadError' || /loading chunk .* failed|failed to fetch dynamically/i.test(error.message);
}

/** Once a page and tab: a chunk that is really missing must not reload for ever. */
function firstReload(page: string): boolean {
  try {
    const key = `${reloadedKey}.${page}`;
    if (sessionStorage.getItem(key) !== null) return false;
    sessionStorage.setItem(key, 'yes');
    return true;
  } catch {
    return false; // storage is forbidden: without a memory the reload could repeat for ever
  }
}
