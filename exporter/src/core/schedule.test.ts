import { decideDue, intervalSeconds, nextRun, type JobSchedule } from './schedule.ts';

const daily: JobSchedule = { job: 'full', cron: '0 2 * * *', timezone: 'UTC' };
const berlin: JobSchedule = { job: 'full', cron: '30 2 * * *', timezone: 'Europe/Berlin' };

function at(text: string): Date {
  return new Date(text);
}

describe('schedules', () => {
  it('knows the next run and the longest gap', () => {
    expect(nextRun(daily, at('2026-03-01T02:00:00Z'))?.toISOString()).toBe('2026-03-02T02:00:00.000Z');
    expect(intervalSeconds(daily, at('2026-03-01T00:00:00Z'))).toBe(86_400);
    expect(nextRun({ ...daily, cron: null }, at('2026-03-01T00:00:00Z'))).toBeNull();
  });

  it('runs once on the day whose 02:30 does not exist, and once on the day that has it twice', () => {
    const spring: string[] = [];
    for (let from: Date | null = at('2026-03-27T12:00:00Z'), i = 0; from !== null && i < 4; i++) {
      from = nextRun(berlin, from);
      if (from !== null) spring.push(from.toISOString());
    }
    const days = new Set(spring.map((s) => s.slice(0, 10)));
    expect(days).toEqual(new Set(['2026-03-28', '2026-03-29', '2026-03-30', '2026-03-31']));

    const first = nextRun(berlin, at('2026-10-24T12:00:00Z'));
    const second = first === null ? null : nextRun(berlin, first);
    expect(first?.toISOString().slice(0, 10)).toBe('2026-10-25');
    expect(second?.toISOString().slice(0, 10)).toBe('2026-10-26');
  });
});

describe('decideDue', () => {
  it('is due when a run passed since the last one, and catches up only once', () => {
    const now = at('2026-03-05T08:00:00Z');

    const late = decideDue(daily, { lastHandledAt: at('2026-03-01T02:00:00Z') }, now);
    expect(late).toEqual({ due: true, scheduledFor: at('2026-03-02T02:00:00Z') });

    const after = decideDue(daily, { lastHandledAt: now }, now);
    expect(after).toEqual({ due: false, nextAt: at('2026-03-06T02:00:00Z'), clockWentBack: false });
  });

  it('is not due at first sight', () => {
    expect(decideDue(daily, { lastHandledAt: null }, at('2026-03-05T08:00:00Z')).due).toBe(false);
  });

  it('says that the clock went back instead of waiting for the future', () => {
    const decision = decideDue(daily, { lastHandledAt: at('2026-06-01T00:00:00Z') }, at('2026-03-05T08:00:00Z'));

    expect(decision).toEqual({ due: false, nextAt: at('2026-03-06T02:00:00Z'), clockWentBack: true });
  });
});
