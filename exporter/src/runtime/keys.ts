import { fail, ok, type Outcome } from '../contract/errors.ts';
import { backupEngineKind } from '../engines/backup/registry.ts';
import type { HandlerDeps } from './handler.ts';

/** Keys are derived once per text: derivation is slow on purpose. */
export function createKeyring(): (engine: string, text: string) => Promise<Buffer> {
  const keys = new Map<string, Buffer>();
  return async (engine, text) => {
    const id = `${engine}\0${text}`;
    const found = keys.get(id) ?? backupEngineKind(engine).deriveKey(text);
    keys.set(id, found);
    return found;
  };
}

function confirmedFact(fingerprint: string): string {
  return `key_confirmed:${fingerprint}`;
}

/** Errors: `service_unknown`, `key_missing` (it is not encrypted), secret errors. */
async function fingerprintOf(deps: HandlerDeps, name: string): Promise<Outcome<string>> {
  const service = await deps.service(name);
  if (!service.ok) return service;
  const { key } = service.value.repository;
  if (key === null) return fail('key_missing', `${name} is not encrypted`);
  return ok(backupEngineKind(service.value.config.backup.engine).keyFingerprint(key));
}

/** Records that the operator keeps the key elsewhere too. Errors: those of the fingerprint, `key_wrong`. */
export async function confirmKey(deps: HandlerDeps, service: string, fingerprint: string): Promise<Outcome<void>> {
  const configured = await fingerprintOf(deps, service);
  if (!configured.ok) return configured;
  if (configured.value !== fingerprint)
    return fail('key_wrong', `${service} is sealed with the key ${configured.value}, not with ${fingerprint}`);
  await deps.store.facts.set(confirmedFact(fingerprint), deps.clock.now().toISOString());
  return ok(undefined);
}

/** By service: null where nothing is encrypted; false also when the key cannot be read. */
export async function readKeyConfirmations(deps: HandlerDeps): Promise<ReadonlyMap<string, boolean | null>> {
  const found = new Map<string, boolean | null>();
  for (const service of deps.config().services) {
    if (service.backup.encryption === null) {
      found.set(service.name, null);
      continue;
    }
    const fingerprint = await fingerprintOf(deps, service.name);
    found.set(service.name, fingerprint.ok && (await deps.store.facts.get(confirmedFact(fingerprint.value))) !== null);
  }
  return found;
}
