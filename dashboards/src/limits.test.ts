import { Config } from '@genesis-dr/exporter/config';
import { thresholds } from '../../rules/src/thresholds.ts';
import { generate } from './index.ts';
import { limitsOf, percent, shippedLimits } from './limits.ts';

describe('limits', () => {
  it('are those of the alerts', () => {
    expect(thresholds).toMatchObject(shippedLimits);
  });

  it('are overridden where the alerts are, on the board too', () => {
    const config = Config.parse({ rules: { thresholds: { cpu_usage: 0.77 } } });
    const board = generate(config).find((file) => file.path.endsWith('/system-health.json'));

    expect(limitsOf(config)).toEqual({ ...shippedLimits, cpu_usage: 0.77 });
    expect(board?.content).toContain('vector(0.77)');
  });

  it('are written as people read them', () => {
    expect([0.05, 0.8, 0.875, 0.07].map(percent)).toEqual(['5 %', '80 %', '87.5 %', '7 %']);
  });
});
