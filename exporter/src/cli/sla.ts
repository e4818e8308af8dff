import type { Reading, SlaReport, SlaStatus } from '../contract/sla.ts';
import { done, withSession } from './context.ts';
import { formatTable, humanDuration, printable } from './format.ts';
import type { Register } from './options.ts';

export const registerSla: Register = (program, run) => {
  program
    .command('sla [service]')
    .description(
      'Promises: current value and target, whether it holds now, compliance over 30 days with its coverage, error budget left; ends with 0 also when one is broken or unknown',
    )
    .action(
      run((context, command) =>
        withSession(context, 'read', async (session) =>
          done(context, await session.sla(command.args[0] ?? null), (report) =>
            slaText(report, context.deps.stdout.columns),
          ),
        ),
      ),
    );
};

const heldText = (compliant: boolean | null): string => (compliant === null ? '?' : compliant ? 'yes' : 'NO');

/** Cut, never rounded up: 99.996 % must not read as 100 %; nor may the coverage of the first minutes read as none. */
function percent(ratio: number): string {
  if (ratio > 0 && ratio < 0.0001) return '<0.01%';
  const cut = Math.floor(ratio * 10_000 + 1e-9) / 100;
  return `${cut.toFixed(2)}%`;
}

function history(reading: Reading<number>): string {
  return reading.known ? percent(reading.value) : '?';
}

function amount(value: number | null, unit: SlaStatus['unit']): string {
  if (value === null) return '-';
  return unit === 'ratio' ? percent(value) : humanDuration(value);
}

const right = 'right' as const;
const titles = [
  { title: 'SERVICE' },
  { title: 'SLA' },
  { title: 'CURRENT', align: right },
  { title: 'TARGET', align: right },
  { title: 'NOW', align: right },
  { title: '30 DAYS', align: right },
  { title: 'COVERAGE', align: right },
  { title: 'OBJECTIVE', align: right },
  { title: 'BUDGET LEFT', align: right },
];

/** The table, then why the question marks in it are ones. */
export function slaText(report: SlaReport, columns: number | null): string {
  if (report.items.length === 0) return 'no service is configured; `genesis init` proposes some\n';
  const rows = report.items.map((item) => [
    item.service,
    item.sla,
    amount(item.current, item.unit),
    amount(item.target, item.unit),
    heldText(item.compliant),
    history(item.compliance),
    history(item.coverage),
    percent(item.objective),
    history(item.budgetRemaining),
  ]);
  const why = report.items
    .filter(({ reason }) => reason !== null)
    .map(({ service, sla, reason }) => `  ${printable(service)} ${sla}: ${printable(reason ?? '')}\n`);
  const past = report.history.available
    ? missingHistory(report.items)
    : [`\nover 30 days: ${printable(report.history.unknown ?? 'unknown')}\n`];
  return [formatTable(titles, rows, columns), ...(why.length === 0 ? [] : ['\nnow:\n', ...why]), ...past].join('');
}

/** Prometheus answered, but not for all: each reason once, with how many figures it explains. */
function missingHistory(items: readonly SlaStatus[]): string[] {
  const lines = items.flatMap(({ service, sla, compliance }) =>
    compliance.known ? [] : [`  ${printable(service)} ${sla}: unknown: ${printable(compliance.message)}\n`],
  );
  return lines.length === 0 ? [] : ['\nover 30 days:\n', ...lines];
}
