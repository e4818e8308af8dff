import { z } from 'zod';
import { duration, size } from './units.ts';

/** Figures of the last hours in memory, their push to dashboards, and alerts defined at run time. */
export const Live = z
  .strictObject({
    series: z
      .int()
      .min(1)
      .max(100_000)
      .default(2000)
      .describe('Series kept at most; the most useful metrics go first.'),
    points: z.int().min(2).max(10_000).default(10_000).describe('Points of one series kept at most.'),
    memory: size()
      .default(32 * 2 ** 20)
      .describe('Memory of all points together; the oldest give way, so many series reach less far back.'),
    clients: z.int().min(0).max(1000).default(20).describe('Dashboards connected to /ws/dashboard at the same time.'),
    push_interval: duration()
      .default(5)
      .describe('How often they are told; also how often it is asked whether they may.'),
    alerts: z.int().min(0).max(1000).default(100).describe('Alerts that can be defined at run time.'),
    alert_window: duration().default(300).describe('An alert compares the mean of this time with its threshold.'),
    flapping: z
      .strictObject({
        changes: z.int().min(2).max(100).default(4).describe('So many changes of its condition are flapping.'),
        window: duration().default(600).describe('Within this time; it ends when as long nothing has changed.'),
      })
      .prefault({})
      .describe('An alert that changes too often is held active and said once, instead of firing again and again.'),
  })
  .prefault({})
  .describe(
    'Figures of the last hours in memory: windowed aggregates, their push to dashboards, and alerts defined at run time. collectors.dr_interval and collectors.alert_interval say how often they are read and evaluated.',
  );
