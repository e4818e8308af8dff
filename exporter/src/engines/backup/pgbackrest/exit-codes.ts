import { OpError, type ErrorCode } from '../../../contract/errors.ts';
import { storeProblem } from './store-words.ts';

/** What pgBackRest's exit codes and last words mean. A zero says nothing: whoever asks looks at what was left. */

const codes: Readonly<Record<number, { readonly code: ErrorCode; readonly retryable?: true }>> = {
  26: { code: 'backup_corrupt' }, // checksum
  27: { code: 'config_invalid' },
  28: { code: 'repository_foreign' }, // file invalid: info files of another stanza
  29: { code: 'format_unknown' },
  31: { code: 'config_invalid' }, // option invalid
  32: { code: 'config_invalid' }, // option value invalid
  37: { code: 'config_invalid' }, // option required
  38: { code: 'target_running' },
  40: { code: 'target_not_empty' },
  44: { code: 'repository_foreign' }, // archive mismatch: another version or system identifier
  45: { code: 'wal_archiving_broken' }, // the same segment with other content
  49: { code: 'repository_unreadable', retryable: true }, // host connect
  50: { code: 'operation_conflict', retryable: true }, // lock
  51: { code: 'repository_foreign' }, // backup mismatch
  55: { code: 'repository_unreadable' }, // file missing
  56: { code: 'postgres_unreachable', retryable: true },
  57: { code: 'postgres_failed' }, // db query
  58: { code: 'repository_foreign' }, // database mismatch
  62: { code: 'operation_conflict' }, // `pgbackrest stop` was run
  63: { code: 'interrupted' }, // TERM
  68: { code: 'wal_archiving_broken' }, // archive_command is something else
  73: { code: 'repository_unreadable' }, // path missing
  75: { code: 'backup_unknown' },
  82: { code: 'wal_archiving_broken' }, // archive timeout
  87: { code: 'wal_archiving_broken' }, // archive_mode or archive_command is off
  95: { code: 'key_wrong' },
  103: { code: 'repository_unreadable' },
};

/** The message after `ERROR: [nnn]:` with its indented lines, of the first error that is told; null: none is. */
export function errorText(output: string): string | null {
  const match = /ERROR: \[\d{3}\]: (?<text>.*(?:\n[ \t]+.*)*)/.exec(output);
  const text = match?.groups?.['text'];
  return text === undefined
    ? null
    : text
        .replaceAll(/\s*\n\s*/g, ' ')
        .trim()
        .slice(0, 700);
}

function firstCode(output: string): number | null {
  const match = /ERROR: \[(\d{3})\]: /.exec(output);
  return match === null ? null : Number(match[1]);
}

/** These are about the database, whose words are alike. */
const ofServer: ReadonlySet<ErrorCode> = new Set(['postgres_unreachable', 'postgres_failed', 'wal_archiving_broken']);

/** The failure of a command that ended with another exit code than 0. `fallback` is what an unknown code becomes. */
export function errorOfExit(command: string, exitCode: number, output: string, fallback: ErrorCode): OpError {
  // `expire` and others sum up what went wrong in a code of their own; the first error tells what it was.
  const known = codes[firstCode(output) ?? exitCode] ?? codes[exitCode];
  const text = errorText(output) ?? (output.trim().slice(-300) || 'it said nothing');
  const details = { exitCode, command };
  const message = `pgbackrest ${command} failed (exit ${exitCode}): ${text}`;
  if (/No space left on device|\[28\]|Disk quota exceeded/.test(text))
    return new OpError('disk_full', message, { details });
  if (/Permission denied|\[13\]/.test(text)) return new OpError('repository_unreadable', message, { details });
  const problem = storeProblem(text);
  if (problem !== null && !ofServer.has(known?.code ?? fallback))
    return new OpError('repository_unreadable', `${message} (the store: ${problem})`, { details, retryable: true });
  if (/CryptoError|cipher header invalid|unable to flush/.test(text))
    return new OpError('key_wrong', message, { details });
  return new OpError(known?.code ?? fallback, message, { details, retryable: known?.retryable ?? false });
}
