import { Option } from 'commander';
import { ok } from '../contract/errors.ts';
import type { AuditEntry } from '../store/port.ts';
import { done, withSession } from './context.ts';
import type { AuditVerification } from './deps.ts';
import { exitCodes } from './exit.ts';
import { formatTable, humanTime, printable } from './format.ts';
import { nextLine, present, withPaging, type Register } from './options.ts';
import type { AuditFilter } from './session.ts';

export const registerAudit: Register = (program, run) => {
  const audit = program.command('audit').description('Who asked for what, and whether the log is whole');
  const list = audit
    .command('list', { isDefault: true })
    .description('The audit log, newest first (admin)')
    .option('--action <id>', 'only this action')
    .option('--actor <name>', 'only by this actor')
    .option('--service <name>', 'only of this service')
    .addOption(new Option('--result <result>', 'only these').choices(['intent', 'succeeded', 'failed', 'denied']));
  withPaging(list).action(
    run((context, command) =>
      withSession(context, 'read', async (session) => {
        const page = await session.audit(present(command.opts<AuditFilter>()));
        return done(
          context,
          page,
          ({ items, next }) => auditTable(items, context.deps.stdout.columns) + nextLine(next),
        );
      }),
    ),
  );
  audit
    .command('verify')
    .description('Recompute the hash chain and compare it with the heads kept in copies and manifests')
    .action(
      run(async (context) => {
        const verified = await context.deps.verifyAudit(context.place);
        if (!verified.ok) return verified;
        const whole = isWhole(verified.value);
        context.emit({ ...verified.value, whole }, () => verificationText(verified.value));
        return ok(whole ? exitCodes.done : exitCodes.failed);
      }),
    );
};

function auditTable(items: readonly AuditEntry[], columns: number | null): string {
  if (items.length === 0) return 'no entry matches\n';
  const rows = items.map((entry) => [
    String(entry.seq),
    humanTime(entry.at),
    entry.actor,
    entry.role,
    entry.action,
    entry.service ?? '-',
    entry.target ?? '-',
    entry.result,
    entry.reason ?? '',
  ]);
  const titles = ['SEQ', 'TIME', 'ACTOR', 'ROLE', 'ACTION', 'SERVICE', 'TARGET', 'RESULT', 'REASON'];
  return formatTable(
    titles.map((title) => ({ title, align: title === 'SEQ' ? 'right' : 'left' })),
    rows,
    columns,
  );
}

/** Broken chain or a head elsewhere that does not agree: the log was changed from outside. */
export function isWhole(verification: AuditVerification): boolean {
  return verification.brokenAt === null && verification.heads.every((head) => head.result === 'matches');
}

const headMeanings: Readonly<Record<AuditVerification['heads'][number]['result'], string>> = {
  matches: 'agrees',
  differs: 'DIFFERS: the log was rewritten before this row',
  beyond_end: 'IS BEYOND THE END: rows were cut off',
};

function verificationText(verification: AuditVerification): string {
  const { count, brokenAt, heads, vouchedUpTo } = verification;
  const chain =
    brokenAt === null
      ? `the chain of ${count} rows is whole`
      : `the chain is BROKEN at row ${brokenAt} of ${count}: from there on nothing can be known`;
  const vouched =
    vouchedUpTo === null
      ? 'no head is kept outside the log: whether it was rewritten whole cannot be known'
      : `rows up to ${vouchedUpTo} are vouched for from outside; whether later ones were cut or rewritten cannot be known`;
  return [
    `${chain}\n`,
    ...heads.map(
      (head) =>
        `  ${printable(head.source)}: row ${head.count} of ${humanTime(head.at)} ${headMeanings[head.result]}\n`,
    ),
    `${vouched}\n`,
  ].join('');
}
