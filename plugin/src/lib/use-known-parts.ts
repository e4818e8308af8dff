import { useState } from 'react';
import type { Service } from '../api/types.ts';

/**
 * Names of the services that have a part (failover, scaling). One that had it keeps it while its service is listed: an exporter that has
 * just started has not looked yet, and a page must not take that for "nothing there" while somebody types in it.
 */
export function useKnownParts(
  services: readonly Service[] | undefined,
  hasPart: (service: Service) => boolean,
): readonly string[] {
  const [known, setKnown] = useState<readonly string[]>([]);
  const names = (services ?? [])
    .filter((service) => known.includes(service.name) || hasPart(service))
    .map(({ name }) => name);
  const added = names.filter((name) => !known.includes(name));
  if (added.length > 0) setKnown([...known, ...added]);
  return names;
}
