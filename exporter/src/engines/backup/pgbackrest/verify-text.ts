import { fail, ok, type Outcome } from '../../../contract/errors.ts';

/** `pgbackrest verify --output=text --verbose`: its exit code is 0 whatever it finds, so the text is what counts. */

const counted = ['missing', 'checksum invalid', 'size invalid', 'other'] as const;
type Counts = Readonly<Record<(typeof counted)[number], number>>;

export interface VerifiedBackup {
  readonly label: string;
  /** `valid`, or the program's word for what is wrong. */
  readonly status: string;
  readonly checked: number;
  readonly valid: number;
  /** Null where nothing could be checked, e.g. without a manifest. */
  readonly counts: Counts | null;
}

export interface VerifiedArchive {
  readonly id: string;
  readonly checked: number;
  readonly valid: number;
  readonly counts: Counts | null;
}

export interface VerifyText {
  /** The program's own verdict of the whole repository. */
  readonly status: 'ok' | 'error';
  readonly archives: readonly VerifiedArchive[];
  readonly backups: readonly VerifiedBackup[];
  /** Lines that stand for themselves, e.g. `No usable backup.info file`. */
  readonly others: readonly string[];
}

/** Errors: `format_unknown`: without a verdict nothing was proven. */
export function parseVerify(text: string): Outcome<VerifyText> {
  const archives: VerifiedArchive[] = [];
  const backups: VerifiedBackup[] = [];
  const others: string[] = [];
  let status: 'ok' | 'error' | null = null;
  let awaiting: { counts: Counts | null } | null = null;
  for (const line of text.split('\n')) {
    const found = parseLine(line);
    if (found === null) continue;
    if (found.kind === 'status') status = found.status;
    else if (found.kind === 'counts') {
      if (awaiting !== null) awaiting.counts = found.counts;
      awaiting = null;
    } else if (found.kind === 'other') others.push(found.text);
    else {
      awaiting = found.item;
      if (found.kind === 'archive') archives.push(found.item);
      else backups.push(found.item);
    }
  }
  if (status === null)
    return fail('format_unknown', `\`pgbackrest verify\` gave no verdict: ${text.trim().slice(0, 200)}`);
  return ok({ status, archives, backups, others });
}

type Line =
  | { readonly kind: 'status'; readonly status: 'ok' | 'error' }
  | { readonly kind: 'counts'; readonly counts: Counts }
  | { readonly kind: 'archive'; readonly item: VerifiedArchive & { counts: Counts | null } }
  | { readonly kind: 'backup'; readonly item: VerifiedBackup & { counts: Counts | null } }
  | { readonly kind: 'other'; readonly text: string };

function parseLine(line: string): Line | null {
  const status = /^status: (ok|error)\s*$/.exec(line)?.[1];
  if (status === 'ok' || status === 'error') return { kind: 'status', status };
  if (line.trim() === '' || line.startsWith('stanza:')) return null;
  const counts = parseCounts(line);
  if (counts !== null) return { kind: 'counts', counts };
  const archive = /^\s+archiveId: (\S+), total WAL checked: (\d+), total valid WAL: (\d+)/.exec(line);
  if (archive !== null) {
    const [, id = '', checked, valid] = archive;
    return { kind: 'archive', item: { id, checked: Number(checked), valid: Number(valid), counts: null } };
  }
  const backup = /^\s+backup: (\S+), status: ([^,]+), total files checked: (\d+), total valid files: (\d+)/.exec(line);
  if (backup !== null) {
    const [, label = '', word = '', checked, valid] = backup;
    return {
      kind: 'backup',
      item: { label, status: word, checked: Number(checked), valid: Number(valid), counts: null },
    };
  }
  return { kind: 'other', text: line.trim() };
}

function parseCounts(line: string): Counts | null {
  const match = /^\s+missing: (\d+), checksum invalid: (\d+), size invalid: (\d+), other: (\d+)/.exec(line);
  if (match === null) return null;
  const [missing, sum, size, other] = match.slice(1).map(Number);
  return { missing: missing ?? 0, 'checksum invalid': sum ?? 0, 'size invalid': size ?? 0, other: other ?? 0 };
}

/** e.g. `2 missing, 1 checksum invalid`; null: nothing is wrong. */
export function faultWords(counts: Counts | null): string | null {
  if (counts === null) return null;
  const words = counted.filter((name) => counts[name] > 0).map((name) => `${counts[name]} ${name}`);
  return words.length === 0 ? null : words.join(', ');
}
