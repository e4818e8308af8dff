import { readFileSync } from 'node:fs';
import { onlyValue, readMatrix, readVector, type PromSample } from './prometheus-answer.ts';

/** Answers of the real Prometheus 2.42.0, as they came. */
function recorded(name: string): string {
  return readFileSync(new URL(`./testdata/prometheus-2.42-${name}.json`, import.meta.url), 'utf8');
}

function samplesOf(name: string): readonly PromSample[] {
  const read = readVector(200, recorded(name));
  if (!read.known) throw new Error(read.message);
  return read.value;
}

describe('the answer of an instant query', () => {
  it('is its samples with their labels', () => {
    expect(samplesOf('sla-records')).toHaveLength(10);
    expect(samplesOf('sla-records')[2]).toEqual({
      labels: {
        __name__: 'service_sla:genesis_sla_coverage:ratio30d',
        cluster: 'prod',
        service: 'shop',
        sla: 'backup_sla',
      },
      at: expect.any(Number),
      value: 0.25,
    });
  });

  it('keeps NaN and infinities, which are no zero', () => {
    expect(samplesOf('nan')[0]?.value).toBeNaN();
    expect(samplesOf('sla-records').map(({ value }) => value)).toContain(-Infinity);
  });

  it('may be empty', () => {
    expect(readVector(200, recorded('empty'))).toEqual({ known: true, value: [] });
  });

  it.each([
    ['parse-error', 400, 'refused', 'unclosed left parenthesis'],
    ['scalar', 200, 'malformed', 'no vector but scalar'],
    ['range', 200, 'malformed', 'no vector but matrix'],
  ])('%s is unknown', (name, status, reason, message) => {
    expect(readVector(status, recorded(name))).toEqual({
      known: false,
      reason,
      message: expect.stringContaining(message),
    });
  });

  it.each([
    ['a page of another program', '<html>'],
    ['nothing', ''],
    ['a list', '[]'],
    ['no data', '{"status":"success"}'],
    ['no list', '{"status":"success","data":{"resultType":"vector","result":{}}}'],
    ['a sample without a value', '{"status":"success","data":{"resultType":"vector","result":[{"metric":{}}]}}'],
    ['an empty value', '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,""]}]}}'],
    [
      'a label that is no text',
      '{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":1},"value":[1,"1"]}]}}',
    ],
  ])('%s is malformed', (_name, text) => {
    expect(readVector(200, text)).toMatchObject({ known: false, reason: 'malformed' });
  });

  it('tells a query that took too long from one that is wrong', () => {
    const text = '{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}';

    expect(readVector(503, text)).toMatchObject({ known: false, reason: 'timeout' });
  });

  it('repeats only the beginning of a long error', () => {
    const read = readVector(500, JSON.stringify({ status: 'error', errorType: 'internal', error: 'x'.repeat(9000) }));

    expect(read).toMatchObject({ known: false, reason: 'refused' });
    expect(read.known ? '' : read.message.length).toBeLessThan(400);
  });
});

describe('the answer of a range query', () => {
  it('is its series, oldest sample first', () => {
    const read = readMatrix(200, recorded('range'));

    expect(read.known && read.value.map(({ labels, samples }) => [labels['sla'], samples.map((s) => s.value)])).toEqual(
      [
        ['backup_sla', [0.9975, 0.9975, 0.9975]],
        ['rpo_sla', [NaN, NaN, NaN]],
      ],
    );
  });

  it('is unknown when too many points were asked for', () => {
    expect(readMatrix(400, recorded('too-many-points'))).toMatchObject({ known: false, reason: 'refused' });
  });
});

describe('the only value', () => {
  const ofSla = (sla: string, record: string): readonly PromSample[] =>
    samplesOf('sla-records').filter(({ labels }) => labels['sla'] === sla && labels['__name__']?.includes(record));

  it('is known when there is exactly one number', () => {
    expect(onlyValue(ofSla('backup_sla', 'avg30d'), 'compliance')).toEqual({ known: true, value: 0.9975 });
  });

  it.each([
    ['nothing', 'empty', ofSla('replication_sla', 'avg30d')],
    ['NaN', 'not_a_number', ofSla('rpo_sla', 'avg30d')],
    ['-Inf', 'not_a_number', ofSla('rpo_sla', 'remaining')],
    ['two series', 'several_series', ofSla('readiness_sla', 'coverage')],
  ])('is unknown for %s', (_name, reason, samples) => {
    expect(onlyValue(samples, 'compliance')).toEqual({
      known: false,
      reason,
      message: expect.stringContaining('compliance'),
    });
  });
});
