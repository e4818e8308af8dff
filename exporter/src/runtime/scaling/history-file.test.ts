import { readHistoryFile, stepOfHistory } from './history-file.ts';

describe('a history in a file', () => {
  it('is read with times of both kinds, what is missing, and in any order', () => {
    const read = readHistoryFile('time,value,note\n1764547320,7,\n2025-12-01T00:00:00Z,5,"a, b"\n1764547260,,\n');

    expect(read).toEqual({
      ok: true,
      value: [
        { at: '2025-12-01T00:00:00.000Z', value: 5 },
        { at: '2025-12-01T00:01:00.000Z', value: null },
        { at: '2025-12-01T00:02:00.000Z', value: 7 },
      ],
    });
    expect(read.ok && stepOfHistory(read.value)).toBe(60);
  });

  it.each([
    ['at,value\n1,2\n3,4', 'columns time and value'],
    ['time,value\nyesterday,2\n', 'line 2: "yesterday" is no time'],
    ['time,value\n1,2\n2,NaN\n', 'line 3: "NaN" is no number'],
    ['time,value\n1,2\n', 'fewer than two'],
    ['time,value\n"1,2\n', 'no CSV'],
  ])('is refused: %j', (text, message) => {
    const read = readHistoryFile(text);
    expect(read).toMatchObject({ ok: false, error: { code: 'bad_request' } });
    expect(read.ok ? '' : read.error.message).toContain(message);
  });
});
