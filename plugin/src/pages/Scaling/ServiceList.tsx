import { t } from '../../text.ts';
import { useConnection } from '../../api/hooks.ts';
import type { Service } from '../../api/types.ts';
import { StatusBadge } from '../../components/StatusBadge.tsx';
import { DataTable, type Column } from '../../lib/DataTable.tsx';
import { LinkButtonText } from '../../lib/LinkButtonText.tsx';
import { scalingOf, type ScalingSummary } from '../../lib/scaling-api.ts';
import { countsOf, rankOf, readyText, standingOf } from '../../lib/scaling-view.ts';
import { scalingTestIds } from './testIds.ts';
import { decisionWord, modeWord, standingTones, standingWord } from './words.ts';

interface Row {
  readonly name: string;
  readonly facts: ScalingSummary;
}

/** All services that are scaled: what a person has to look at first. */
export function ServiceList({
  services,
  onOpen,
}: {
  readonly services: readonly Service[];
  readonly onOpen: (service: string) => void;
}): React.JSX.Element {
  const rows = services
    .flatMap((service): Row[] => {
      const facts = scalingOf(service);
      return facts === null ? [] : [{ name: service.name, facts }];
    })
    .sort((a, b) => rankOf(a.facts) - rankOf(b.facts) || a.name.localeCompare(b.name));
  return (
    <div data-testid={scalingTestIds.services}>
      <DataTable
        label={t('scaling.list', 'Services that are scaled')}
        columns={columnsOf(onOpen)}
        rows={rows}
        keyOf={({ name }) => name}
      />
    </div>
  );
}

function columnsOf(onOpen: (service: string) => void): readonly Column<Row>[] {
  return [
    {
      id: 'service',
      header: t('scaling.col-service', 'Service'),
      cell: ({ name }) => (
        <span data-testid={scalingTestIds.open(name)}>
          <LinkButtonText onClick={() => onOpen(name)}>{name}</LinkButtonText>
        </span>
      ),
    },
    { id: 'standing', header: t('scaling.col-standing', 'Standing'), cell: ({ facts }) => <Standing facts={facts} /> },
    {
      id: 'ready',
      header: t('scaling.col-ready', 'Ready of wanted'),
      cell: ({ facts }) => readyText(countsOf(facts)),
    },
    {
      id: 'bounds',
      header: t('scaling.col-bounds', 'Bounds'),
      cell: ({ facts: { min, max } }) => t('scaling.bounds', '{{min}} to {{max}}', { min, max }),
    },
    {
      id: 'decision',
      header: t('scaling.col-decision', 'Decision'),
      cell: ({ facts: { decision } }) =>
        decision === null ? t('scaling.undecided', 'Nothing decided yet') : decisionWord(decision),
    },
    {
      id: 'mode',
      header: t('scaling.col-mode', 'Mode'),
      cell: ({ facts: { mode, pause } }) => (pause === null ? modeWord(mode) : t('scaling.paused-short', 'Paused')),
    },
  ];
}

function Standing({ facts }: { readonly facts: ScalingSummary }): React.JSX.Element {
  const { failingSince } = useConnection();
  const standing = standingOf(facts);
  if (failingSince !== null) return <StatusBadge tone="unknown" text={t('scaling.not-now', 'Not known now')} />;
  return <StatusBadge tone={standingTones[standing]} text={standingWord(standing)} />;
}
