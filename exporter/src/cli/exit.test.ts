import { errorCatalogue, OpError, type ErrorCode } from '../contract/errors.ts';
import { errorDocument, errorText, exitCodeMeanings, exitCodeOf, exitCodes } from './exit.ts';

it('gives every error code an exit code that is documented and not success', () => {
  const documented = exitCodeMeanings.map(([code]) => code);

  for (const code of Object.keys(errorCatalogue) as ErrorCode[]) {
    expect(documented).toContain(exitCodeOf(code));
    expect(exitCodeOf(code)).not.toBe(exitCodes.done);
  }
});

it.each([
  ['server_unreachable', 3],
  ['unauthenticated', 4],
  ['confirmation_required', 4],
  ['operation_conflict', 4],
  ['backup_unknown', 5],
  ['home_locked', 2],
  ['config_invalid', 2],
  ['backup_failed', 1],
  ['disk_full', 1],
] as const)('ends with the right code for %s', (code, expected) => {
  expect(exitCodeOf(code)).toBe(expected);
});

it('says message, code, hint and every fault', () => {
  const error = new OpError('config_invalid', 'genesis.yaml is wrong', {
    details: { faults: [{ path: 'api.listen', message: 'no address', mend: 'write one', line: 3 }] },
  });

  expect(errorText(error)).toBe(
    `genesis: genesis.yaml is wrong [config_invalid]\n  - api.listen, line 3: no address (write one)\n  hint: ${error.hint}\n`,
  );
  expect(errorDocument(error)).toEqual({
    error: { code: 'config_invalid', message: error.message, hint: error.hint, details: error.details },
  });
});
