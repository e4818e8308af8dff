import { errorOfExit, errorText } from './exit-codes.ts';

const locked = `P00   INFO: backup command begin 2.45: --stanza=main
P00  ERROR: [050]: unable to acquire lock on file '/srv/engine/lock/main-backup.lock': Resource temporarily unavailable
            HINT: is another pgBackRest process running?
P00   INFO: backup command end: aborted with exception [050]
`;

it('gives the message with its hints in one line', () => {
  expect(errorText(locked)).toBe(
    "unable to acquire lock on file '/srv/engine/lock/main-backup.lock': Resource temporarily unavailable HINT: is another pgBackRest process running?",
  );
  expect(errorText('nothing of that kind')).toBeNull();
});

describe('errorOfExit', () => {
  it.each([
    [50, 'ERROR: [050]: unable to acquire lock', 'operation_conflict'],
    [
      51,
      'ERROR: [051]: PostgreSQL version 15, system-id 1 do not match stanza version 15, system-id 2',
      'repository_foreign',
    ],
    [56, 'ERROR: [056]: unable to find primary cluster - cannot proceed', 'postgres_unreachable'],
    [68, "ERROR: [068]: archive_command '/bin/false' must contain pgbackrest", 'wal_archiving_broken'],
    [
      82,
      'ERROR: [082]: WAL segment 000000010000000000000001 was not archived before the 60000ms timeout',
      'wal_archiving_broken',
    ],
    [87, 'ERROR: [087]: archive_mode must be enabled', 'wal_archiving_broken'],
    [95, 'ERROR: [095]: unable to load info file\n            CryptoError: unable to flush', 'key_wrong'],
    [38, 'ERROR: [038]: unable to restore while PostgreSQL is running', 'target_running'],
    [40, "ERROR: [040]: unable to restore to path '/srv' because it contains files", 'target_not_empty'],
    [75, 'ERROR: [075]: backup set 20260101-000000F is not valid', 'backup_unknown'],
    [41, "ERROR: [041]: unable to open '/srv/x': [13] Permission denied", 'repository_unreadable'],
    [82, "ERROR: [082]: unable to write '/srv/x': [28] No space left on device", 'disk_full'],
    [49, "ERROR: [049]: unable to connect to '127.0.0.1:21001': [111] Connection refused", 'repository_unreadable'],
    [39, 'ERROR: [039]: HTTP request failed with 403 (Server failed to authenticate)', 'repository_unreadable'],
    [
      95,
      "ERROR: [095]: unable to verify certificate presented by '127.0.0.1:21001': [20] unable to get local issuer certificate",
      'repository_unreadable',
    ],
    [56, "ERROR: [056]: unable to connect to 'dbname=postgres port=1': Connection refused", 'postgres_unreachable'],
    // A code that sums up: the first error tells.
    [
      104,
      'ERROR: [056]: unable to find primary\nERROR: [104]: expire command encountered 1 error(s)',
      'postgres_unreachable',
    ],
    [25, 'ERROR: [025]: assertion', 'backup_failed'],
    [1, '', 'backup_failed'],
  ] as const)('exit %i, %s: %s', (exitCode, output, code) => {
    const error = errorOfExit('backup', exitCode, output, 'backup_failed');

    expect(error.code).toBe(code);
    expect(error.details).toEqual({ exitCode, command: 'backup' });
    expect(error.message).toMatch(/^pgbackrest backup failed \(exit \d+\): /);
  });
});
