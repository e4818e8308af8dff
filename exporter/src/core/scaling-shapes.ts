import { createRandom, type Random } from './simulation/random.ts';

/** Generated courses of load, one point a minute, in instances that are busy all the time; the same seed gives the same course. */
export interface LoadShape {
  readonly name: string;
  readonly what: string;
  at(minute: number, random: Random): number;
}

const dayMinutes = 1440;
const turn = (minute: number, period: number): number => Math.sin((2 * Math.PI * minute) / period);
/** Between -1 and 1, small values more often. */
const noise = (random: Random): number => random.next() + random.next() + random.next() - 1.5;

/** From 8 to 18 h, with shoulders of two hours. */
function office(minute: number): number {
  const hour = (minute % dayMinutes) / 60;
  return Math.max(0, Math.min(1, (hour - 7) / 2, (19 - hour) / 2));
}

function sine(): LoadShape {
  return {
    name: 'daily sine',
    what: 'one wave a day, 0.6 to 4.4, noise of 6 %',
    at: (minute, random) => (2.5 - 1.9 * turn(minute + 360, dayMinutes)) * (1 + 0.06 * noise(random)),
  };
}

function week(): LoadShape {
  return {
    name: 'office week',
    what: 'office hours 4, nights 0.6, weekends a third, noise of 6 %',
    at: (minute, random) => {
      const isWeekend = Math.floor(minute / dayMinutes) % 7 >= 5;
      return (0.6 + 3.4 * office(minute) * (isWeekend ? 0.33 : 1)) * (1 + 0.06 * noise(random));
    },
  };
}

function steps(): LoadShape {
  let [level, until] = [1, 0];
  return {
    name: 'steps',
    what: 'another level between 0.5 and 4.5 every 30 to 180 minutes',
    at: (minute, random) => {
      if (minute >= until) [level, until] = [0.5 + 4 * random.next(), minute + random.int(30, 180)];
      return level * (1 + 0.03 * noise(random));
    },
  };
}

function spikes(): LoadShape {
  let [height, until, next] = [0, 0, 120];
  return {
    name: 'spikes',
    what: '1.2, and every 2 to 8 hours 2 to 3.5 more for 5 to 25 minutes',
    at: (minute, random) => {
      if (minute >= next) {
        [height, until] = [2 + 1.5 * random.next(), minute + random.int(5, 25)];
        next = until + random.int(120, 480);
      }
      return (1.2 + (minute < until ? height : 0)) * (1 + 0.05 * noise(random));
    },
  };
}

function ramp(): LoadShape {
  return {
    name: 'ramp',
    what: 'from 0.5 to 4.5 in 90 minutes and back in 90, every 6 hours',
    at: (minute, random) => {
      const phase = minute % 360;
      return (0.5 + 4 * Math.max(0, Math.min(1, phase / 90, (270 - phase) / 90))) * (1 + 0.04 * noise(random));
    },
  };
}

function walk(): LoadShape {
  let level = 2;
  return {
    name: 'random walk',
    what: 'wanders between 0.3 and 5, a twentieth a minute',
    at: (_, random) => {
      level += 0.05 * noise(random) * 2 + (2 - level) * 0.002;
      level = Math.max(0.3, Math.min(5, level));
      return level;
    },
  };
}

/** Made anew for each course: some of them remember. */
export const loadShapes: readonly (() => LoadShape)[] = [sine, week, steps, spikes, ramp, walk];

/** So many minutes from `fromMs` on. */
export function courseOfShape(
  make: () => LoadShape,
  minutes: number,
  fromMs: number,
  seed: number,
): readonly { readonly at: string; readonly value: number }[] {
  const shape = make();
  const random = createRandom(seed);
  return Array.from({ length: minutes }, (_, minute) => ({
    at: new Date(fromMs + minute * 60_000).toISOString(),
    value: Math.max(0, shape.at(minute, random)),
  }));
}
