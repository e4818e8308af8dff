import { appendFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, Log, Random } from '../ports/index.ts';
import { toOpError } from '../contract/errors.ts';

/** Enough to see names, sizes and structure in a listing; small enough for any machine. */
export function writeDemoData(folder: string, now: Date, random: Random): void {
  mkdirSync(join(folder, 'orders'), { recursive: true, mode: 0o700 });
  mkdirSync(join(folder, 'documents', 'drafts'), { recursive: true, mode: 0o700 });
  writeFileSync(
    join(folder, 'README.txt'),
    'Genesis DR changes these files a little every few seconds, and protects them.\nDelete one, then restore it: genesis restore latest --service demo-files\n',
  );
  for (let i = 1; i <= 24; i++) {
    const id = String(i).padStart(3, '0');
    const rows = Array.from({ length: 200 }, (_, row) => `${id}-${row},${random.hex(4)},${(row * 37 + i) % 1000}`);
    writeFileSync(join(folder, 'orders', `orders-${id}.csv`), `order,customer,amount\n${rows.join('\n')}\n`);
  }
  for (const title of ['contract', 'handbook', 'floor plan', 'über uns']) {
    writeFileSync(
      join(folder, 'documents', `${title}.md`),
      `# ${title}\n\nWritten ${now.toISOString()}.\n\n${random.hex(400)}\n`,
    );
  }
  writeFileSync(join(folder, 'journal.log'), `${now.toISOString()} demo data created\n`);
}

const keptNotes = 50;

/** A slow, real change: a line in the journal, a new note, and the oldest note beyond fifty goes. Runs until the signal aborts. */
export async function changeDemoData(
  folder: string,
  deps: { readonly clock: Clock; readonly random: Random; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  const notes = join(folder, 'notes');
  while (!signal.aborted) {
    await deps.clock.sleep(15_000, signal);
    if (signal.aborted) return;
    try {
      const at = deps.clock.now().toISOString();
      mkdirSync(notes, { recursive: true, mode: 0o700 });
      appendFileSync(join(folder, 'journal.log'), `${at} ${deps.random.hex(8)}\n`);
      writeFileSync(join(notes, `note-${at.replace(/[:.]/g, '-')}.txt`), `${at}\n${deps.random.hex(64)}\n`);
      const names = readdirSync(notes).sort();
      for (const name of names.slice(0, Math.max(0, names.length - keptNotes))) rmSync(join(notes, name));
    } catch (thrown) {
      // The user may have deleted the folder to try a restore: leave it alone until it is back.
      deps.log.debug('the demo data could not be changed', { error: toOpError(thrown).message });
    }
  }
}
