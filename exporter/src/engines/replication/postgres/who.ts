import type { ReplicaMemory } from '../port.ts';
import type { SenderReading, SlotReading, StandbyReading } from './readings.ts';

/** More connections than this are not followers but a fault, and each name is a label of metrics. */
const maxReplicas = 50;
/** Takes a base backup and goes; it follows nobody. */
const passing = new Set(['pg_basebackup']);

/** Connections by the name of who follows; a name that several use gets a number from the second on, the oldest first. */
export function nameSenders(senders: readonly SenderReading[]): ReadonlyMap<string, SenderReading> {
  const named = new Map<string, SenderReading>();
  for (const sender of senders) {
    if (passing.has(sender.name) || sender.state === 'backup' || named.size >= maxReplicas) continue;
    let name = sender.name === '' ? 'unnamed' : sender.name;
    for (let n = 2; named.has(name); n += 1) name = `${sender.name === '' ? 'unnamed' : sender.name}#${n}`;
    named.set(name, sender);
  }
  return named;
}

/** The slot of a replica: the one its connection uses, else the one it is configured with, used last, or is named like. */
export function slotOf(
  name: string,
  sender: SenderReading | null,
  itself: StandbyReading | null,
  before: ReplicaMemory | null,
  slots: readonly SlotReading[],
): SlotReading | null {
  const inUse = sender === null ? undefined : slots.find((slot) => slot.activePid === sender.pid);
  if (inUse !== undefined) return inUse;
  const wanted = [itself?.slotName, before?.slot, name, name.replaceAll('-', '_')];
  for (const candidate of wanted) {
    const found = slots.find((slot) => slot.name === candidate && !slot.temporary);
    if (found !== undefined) return found;
  }
  return null;
}
