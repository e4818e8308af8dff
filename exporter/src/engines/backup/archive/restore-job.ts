import { OpError } from '../../../contract/errors.ts';
import type {
  RepositoryRef,
  RestorePlanFacts,
  RestoreReport,
  RestoreRequest,
  RestoreTarget,
  Selection,
} from '../port.ts';
import { fromText } from './entries.ts';
import type { JobContext } from './job-context.ts';
import { checkCancelled } from './job-context.ts';
import { loadChain, type Chain } from './stored-chain.ts';
import { restoreToFolder } from './restore-folder.ts';
import { restoreInPlace } from './restore-in-place.ts';
import { survey, type Survey } from './survey.ts';

/** What a restore would do. Throws OpError as `survey` and `loadChain`. */
export async function planJob(
  repository: RepositoryRef,
  backupId: string,
  selection: Selection,
  context: JobContext,
): Promise<RestorePlanFacts> {
  const chain = loadChain(repository, backupId);
  const found = await survey({ chain, selection, wantedRoots: null, linksAcrossRoots: true }, context);
  return {
    chain: chain.target.manifest.chain,
    roots: rootsOf(found),
    entries: found.entries,
    bytes: found.bytes,
    readBytes: found.readBytes,
  };
}

function rootsOf(found: Survey): RestorePlanFacts['roots'] {
  return found.components.flatMap(({ component, roots }) =>
    component.roots
      .filter((root) => roots.has(fromText(root.name)))
      .map((root) => ({ component: component.name, root: root.name, path: root.path })),
  );
}

/**
 * Restores in four steps: chain and lists checked, room found, everything written beside the target out of frames
 * proved by their SHA-256, then renamed. The data is read once: what is staged is not the target, so damage that shows half-way through
 * costs the staging folder and nothing else, and a second reading beforehand would only make a restore slower.
 */
export async function restoreJob(request: RestoreRequest, context: JobContext): Promise<RestoreReport> {
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(request.operationId)) {
    throw new OpError('bad_request', `${JSON.stringify(request.operationId)} cannot be the id of an operation`);
  }
  if (request.restoreOwner && process.getuid?.() !== 0) {
    throw new OpError('restore_failed', 'only root can give files back to their recorded owners');
  }
  const { target } = request;
  if (target.kind === 'database') throw new OpError('not_supported', 'a file archive holds no database');
  const chain = loadChain(request.repository, request.backupId);
  const wantedRoots = target.kind === 'in_place' ? rootsByComponent(chain, target) : null;
  const found = await survey(
    { chain, selection: request.selection, wantedRoots, linksAcrossRoots: target.kind === 'folder' },
    context,
  );
  checkCancelled(context);
  return target.kind === 'folder'
    ? restoreToFolder(chain, found, { ...request, target }, context)
    : restoreInPlace(chain, found, { ...request, target }, context);
}

function rootsByComponent(
  chain: Chain,
  target: RestoreTarget & { kind: 'in_place' },
): ReadonlyMap<string, ReadonlySet<string>> {
  const wanted = new Map<string, Set<string>>();
  for (const { component, root } of target.roots) {
    const known = chain.target.manifest.components
      .find((c) => c.name === component)
      ?.roots.some((r) => r.name === root);
    if (known !== true)
      throw new OpError('not_found', `${chain.target.id} has no root ${root} in a component ${component}`);
    wanted.set(component, (wanted.get(component) ?? new Set()).add(fromText(root)));
  }
  return wanted;
}
