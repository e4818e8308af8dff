import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '../../text.ts';
import { useStyles2 } from '@grafana/ui';
import { Panel } from '../../components/Panel.tsx';
import { NothingYet } from '../../components/states.tsx';
import { exampleBlock } from './example-block.ts';
import { scalingTestIds } from './testIds.ts';

/** No service scales: what to write so that one does. */
export function NobodyScales(): React.JSX.Element {
  const styles = useStyles2(getStyles);
  return (
    <>
      <NothingYet what={t('scaling.none', 'No service is scaled')}>
        {t(
          'scaling.how',
          'Give a service of genesis.yaml a section scaling with its engine and the metrics that the number follows. In mode observe it changes nothing and shows here what it would do. Right after a start nobody has looked yet.',
        )}
      </NothingYet>
      <Panel title={t('scaling.example', 'A block to begin with')} testId={scalingTestIds.example}>
        <pre className={styles.example} tabIndex={0} aria-label={t('scaling.example', 'A block to begin with')}>
          {exampleBlock}
        </pre>
      </Panel>
    </>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return { example: css({ margin: 0, padding: theme.spacing(1.5), overflowX: 'auto', whiteSpace: 'pre' }) };
}
