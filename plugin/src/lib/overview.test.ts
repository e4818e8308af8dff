import { against, headlineOf, missingPoints, nextBackup, rpoNow, worstFirst, type Answer } from './overview.ts';

const service = (name: string, answer: Answer, score = 0.5) => ({
  name,
  verdict: { answer, headline: '', reason: null },
  readiness: { score },
});

it('puts first what needs somebody first', () => {
  const services = [
    service('a', 'yes'),
    service('b', 'unknown'),
    service('c', 'no', 0.4),
    service('d', 'no', 0.2),
    service('e', 'gaps'),
  ];

  expect(worstFirst(services).map(({ name }) => name)).toEqual(['d', 'c', 'b', 'e', 'a']);
});

it('takes the worst answer for all, and counts only what could be recovered', () => {
  expect(headlineOf([service('a', 'yes'), service('b', 'gaps'), service('c', 'unproven')])).toMatchObject({
    answer: 'unproven',
    total: 3,
    recoverable: 2,
  });
  expect(headlineOf([])).toBeNull();
});

it('does not count what is not known as recoverable', () => {
  expect(headlineOf([service('a', 'unknown')])).toMatchObject({ answer: 'unknown', recoverable: 0 });
});

it('lists what is missing, the heaviest first', () => {
  const check = (id: string, weight: number, result: 'passed' | 'failed' | 'unknown') => ({
    id,
    weight,
    result,
    evidence: '',
    mend: null,
  });

  const found = missingPoints([
    check('a', 1, 'failed'),
    check('b', 4, 'unknown'),
    check('c', 4, 'failed'),
    check('d', 4, 'passed'),
  ]);

  expect(found.map(({ id }) => id)).toEqual(['c', 'b', 'a']);
});

it('counts down to the next backup, not to a drill, and to none while paused', () => {
  const at = (type: string, nextAt: string | null) => ({ type, nextAt });

  expect(
    nextBackup([
      at('drill', '2026-11-22T01:00:00.000Z'),
      at('full', '2026-11-22T03:00:00.000Z'),
      at('incremental', '2026-11-22T02:00:00.000Z'),
    ])?.type,
  ).toBe('incremental');
  expect(nextBackup([at('full', null)])).toBeNull();
});

it('lets the data loss grow since it was read, and knows nothing of what is not known', () => {
  const now = Date.parse('2026-11-22T02:00:10.000Z');

  expect(rpoNow({ known: true, at: '2026-11-22T02:00:00.000Z', value: 60 }, now)).toBe(70);
  expect(rpoNow({ known: true, at: '2026-11-22T02:00:00.000Z', value: null }, now)).toBeNull();
  expect(rpoNow({ known: false }, now)).toBeNull();
  expect([against(10, 10), against(11, 10), against(null, 10)]).toEqual(['met', 'missed', 'unknown']);
});
