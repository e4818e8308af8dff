import { OpError } from '../../contract/errors.ts';
import { isTakeover, type Claimant } from '../../core/conflicts.ts';
import { mayFailOver, playbooks } from '../../core/playbooks.ts';
import type { RequestOptions } from '../app.ts';
import type { AnyRequest } from '../handler.ts';

export function isInPlace(request: AnyRequest): boolean {
  return request.kind === 'restore' && request.target.kind === 'in_place';
}

/** It replaces or deletes data that cannot be had again from elsewhere in this program, or moves who serves. */
export function isDestructive(request: AnyRequest): boolean {
  if (request.kind === 'playbook') return mayFailOver(playbooks[request.issue]);
  return request.kind === 'delete' || isInPlace(request) || isTakeover(request.kind);
}

/** The name of the service has to be typed: it is destructive, or changes how many serve. */
export function needsName(request: AnyRequest): boolean {
  return isDestructive(request) || request.kind === 'scale';
}

export function claimantOfRequest(request: AnyRequest, service: string): Claimant {
  return {
    kind: request.kind,
    service,
    inPlace: isInPlace(request),
    makesBackup: request.kind === 'copy' && request.makesBackup === true,
    subject: request.kind === 'verify' ? request.backupId : null,
  };
}

/** What depends on the request itself, beyond the role table of the routes. Errors: `forbidden`, `confirmation_required`, `reason_required`. */
export function checkAuthority(request: AnyRequest, service: string, options: RequestOptions): OpError | null {
  const { role } = options.actor;
  if (
    request.kind === 'scale' &&
    role !== 'system' &&
    role !== 'viewer' &&
    role !== 'metrics' &&
    options.confirm !== service
  )
    return new OpError('confirmation_required', `this changes how many serve: confirm must be "${service}"`);
  if (!isDestructive(request)) {
    return role === 'viewer' || role === 'metrics'
      ? new OpError('forbidden', `${request.kind} needs the role operator`)
      : null;
  }
  const words = isInPlace(request) ? 'restore in place' : request.kind;
  if (role !== 'admin' && role !== 'system') return new OpError('forbidden', `${words} needs the role admin`);
  const isMove = isTakeover(request.kind) || request.kind === 'playbook';
  const what = isMove ? 'this changes who serves' : 'this replaces or deletes data';
  if (options.confirm !== service) {
    return new OpError('confirmation_required', `${what}: confirm must be "${service}"`);
  }
  if (options.reason === null) return new OpError('reason_required', `${what}: a reason is needed`);
  return null;
}
