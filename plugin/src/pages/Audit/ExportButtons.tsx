import { t } from '../../text.ts';
import { Button } from '@grafana/ui';
import { useMutation } from '@tanstack/react-query';
import { client } from '../../api/grafana.ts';
import type { ApiError } from '../../api/problem.ts';
import type { Query } from '../../api/types.ts';
import { ErrorNotice } from '../../components/states.tsx';
import { exportName } from '../../lib/audit-list.ts';
import { auditTestIds } from './testIds.ts';

const formats = ['csv', 'json'] as const;
type Format = (typeof formats)[number];

/** The log as a file, filtered as the page is. */
export function ExportButtons({ filter }: { readonly filter: Record<string, string> }): React.JSX.Element {
  const download = useMutation<void, ApiError, Format>({
    mutationFn: async (format) => {
      const answer: unknown = await client.call('exportAudit', {
        query: { ...filter, format } as Query<'exportAudit'>,
      });
      save(answer, format);
    },
  });
  return (
    <>
      {formats.map((format) => (
        <Button
          key={format}
          variant="secondary"
          icon="download-alt"
          disabled={download.isPending}
          onClick={() => download.mutate(format)}
          data-testid={auditTestIds.exportAs(format)}
        >
          {format === 'csv' ? t('audit.export-csv', 'Export CSV') : t('audit.export-json', 'Export JSON')}
        </Button>
      ))}
      {download.error !== null && (
        <ErrorNotice error={download.error} title={t('audit.export-failed', 'The log could not be exported')} />
      )}
    </>
  );
}

/** The answer came by POST, because the token must not stand in a link; so the file is made here. */
function save(answer: unknown, format: Format): void {
  const text = typeof answer === 'string' ? answer : JSON.stringify(answer, null, 1);
  const url = URL.createObjectURL(new Blob([text], { type: format === 'csv' ? 'text/csv' : 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = exportName(format, Date.now());
  link.click();
  URL.revokeObjectURL(url);
}
