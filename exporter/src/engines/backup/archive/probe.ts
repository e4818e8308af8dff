import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { ok, type Outcome } from '../../../contract/errors.ts';
import type { RepositoryProbe, RepositoryRef } from '../port.ts';
import { readSpace } from '../space.ts';
import { markerFile } from './layout.ts';

/** Only the marker is looked for: the folder may be on a slow mount, and this is asked every few seconds. */
export async function probeRepository({ path }: RepositoryRef): Promise<Outcome<RepositoryProbe>> {
  const isMarked = await access(join(path, markerFile)).then(
    () => true,
    () => false, // absent and closed to us come to the same: it cannot be used
  );
  const space = await readSpace(path);
  if (!space.ok) return space;
  return ok({ state: isMarked ? 'ready' : 'empty', ...space.value });
}
