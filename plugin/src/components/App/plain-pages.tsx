import { t } from '../../text.ts';
import { PluginPage } from '@grafana/runtime';
import { Alert, LinkButton } from '@grafana/ui';
import { useLocation } from 'react-router';
import { pageUrl, serviceUrl } from '../../pages/index.ts';
import { LoadingRows } from '../states.tsx';

/** Pages without data of their own. */

export function PageLoading({ title }: { readonly title: string }): React.JSX.Element {
  return (
    <PluginPage pageNav={{ text: title }}>
      <LoadingRows rows={6} />
    </PluginPage>
  );
}

export function Forbidden({ title, missing }: { readonly title: string; readonly missing: string }): React.JSX.Element {
  return (
    <PluginPage pageNav={{ text: title }}>
      <Alert severity="info" title={t('forbidden.title', 'You may not open this page')}>
        {missing}
      </Alert>
    </PluginPage>
  );
}

/** A link of an alert or a dashboard to a page that a later version brings. */
export function NotThereYet({ name }: { readonly name: string }): React.JSX.Element {
  const service = new URLSearchParams(useLocation().search).get('service');
  const url = service === null || service === '' ? pageUrl('overview') : serviceUrl(service);
  return (
    <PluginPage pageNav={{ text: name }}>
      <Alert severity="info" title={t('later.title', 'This version has no such page yet')}>
        <p>
          {t(
            'later.body',
            'Nothing of it can be operated from here. What is known of the service stands on its own page.',
          )}
        </p>
        <LinkButton href={url} variant="secondary">
          {service === null || service === ''
            ? t('later.overview', 'Open the overview')
            : t('later.service', 'Open the service')}
        </LinkButton>
      </Alert>
    </PluginPage>
  );
}
