import { backupRecords } from './backup.ts';
import { recoveryRecords } from './recovery.ts';
import { serviceRecords } from './service.ts';

/** Every recorded series by name, in the order of evaluation: a record stands after those it reads. */
export const records = { ...serviceRecords, ...backupRecords, ...recoveryRecords };

export type RecordName = keyof typeof records;

/** The name of a recorded series; one that is not recorded is a compile error. */
export function recorded(name: RecordName): string {
  return name;
}
