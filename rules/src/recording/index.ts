import { backupRecords } from './backup.ts';
import { eventRecords } from './events.ts';
import { recoveryRecords } from './recovery.ts';
import { serviceRecords } from './service.ts';
import { slaRecords } from './sla.ts';
import { trafficRecords } from './traffic.ts';

/** Every recorded series by name, in the order of evaluation: a record stands after those of its group that it reads. */
export const records = {
  ...serviceRecords,
  ...backupRecords,
  ...recoveryRecords,
  ...trafficRecords,
  ...slaRecords,
  ...eventRecords,
};

export type RecordName = keyof typeof records;

/** The name of a recorded series; one that is not recorded is a compile error. */
export function recorded(name: RecordName): string {
  return name;
}
