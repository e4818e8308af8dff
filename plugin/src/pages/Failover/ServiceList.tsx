import { t } from '../../text.ts';
import { briefOf, type FailoverBrief } from '../../api/failover.ts';
import { useConnection } from '../../api/hooks.ts';
import type { Service } from '../../api/types.ts';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import { answerOf } from '../../lib/failover-view.ts';
import { LinkButtonText } from '../../lib/LinkButtonText.tsx';
import { failoverTestIds } from './testIds.ts';
import { answerTones, answerWord, modeWord } from './words.ts';

interface Row {
  readonly name: string;
  readonly brief: FailoverBrief;
}

/** All services with a failover: those whose would not succeed first. */
export function ServiceList({
  services,
  onOpen,
}: {
  readonly services: readonly Service[];
  readonly onOpen: (service: string) => void;
}): React.JSX.Element {
  const rows = services
    .flatMap((service): Row[] => {
      const brief = briefOf(service);
      return brief === null ? [] : [{ name: service.name, brief }];
    })
    .sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
  return (
    <div data-testid={failoverTestIds.services}>
      <DataTable
        label={t('failover.list', 'Services with a failover')}
        columns={columnsOf(onOpen)}
        rows={rows}
        keyOf={({ name }) => name}
      />
    </div>
  );
}

function rank({ brief }: Row): number {
  return { no: 0, unknown: 1, yes: 2 }[answerOf(brief.wouldSucceed)];
}

function columnsOf(onOpen: (service: string) => void): readonly Column<Row>[] {
  return [
    {
      id: 'service',
      header: t('failover.col-service', 'Service'),
      cell: ({ name }) => (
        <span data-testid={failoverTestIds.open(name)}>
          <LinkButtonText onClick={() => onOpen(name)}>{name}</LinkButtonText>
        </span>
      ),
    },
    { id: 'answer', header: t('failover.col-answer', 'A failover now'), cell: ({ brief }) => <Answer brief={brief} /> },
    {
      id: 'primary',
      header: t('failover.col-primary', 'Primary'),
      cell: ({ brief }) => brief.primary ?? t('failover.no-primary', 'none, or not known'),
    },
    { id: 'engine', header: t('failover.col-engine', 'Engine'), cell: ({ brief }) => brief.engine },
    {
      id: 'mode',
      header: t('failover.col-mode', 'Mode'),
      cell: ({ brief }) => (brief.isPaused ? t('failover.paused', 'Paused') : modeWord(brief.mode)),
    },
  ];
}

function Answer({ brief }: { readonly brief: FailoverBrief }): React.JSX.Element {
  const { failingSince } = useConnection();
  const answer = failingSince === null ? answerOf(brief.wouldSucceed) : 'unknown';
  return <StatusBadge tone={answerTones[answer]} text={answerWord(answer)} />;
}
