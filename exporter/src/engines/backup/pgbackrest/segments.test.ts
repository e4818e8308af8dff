import fc from 'fast-check';
import { parseInfo } from './info.ts';
import {
  archiveOf,
  historyFiles,
  parseHistory,
  parseListing,
  parseLsn,
  parseSegment,
  segmentBytesOf,
  segmentName,
  segmentOfLsn,
} from './segments.ts';
import { recorded } from './test-support.ts';

const mib = 2 ** 20;

describe('names of segments', () => {
  it.each([
    ['000000010000000000000001', 16 * mib, { timeline: 1, number: 1 }],
    ['0000000100000000000000FF', 16 * mib, { timeline: 1, number: 255 }],
    ['000000010000000100000000', 16 * mib, { timeline: 1, number: 256 }],
    ['0000000A0000000100000003', 1024 * mib, { timeline: 10, number: 7 }],
    ['000000010000000100000000', mib, { timeline: 1, number: 4096 }],
  ])('%s', (name, bytes, segment) => {
    expect(parseSegment(name, bytes)).toEqual(segment);
    expect(segmentName(segment, bytes)).toBe(name);
  });

  it.each([
    '00000002.history',
    '000000010000000000000003.00000028.backup',
    '000000010000000000000003.partial',
    '000000000000000000000001',
    '000000010000000000000100',
    'x',
  ])('%s is none', (name) => {
    expect(parseSegment(name, 16 * mib)).toBeNull();
  });

  it('go there and back for every size', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10 }),
        fc.integer({ min: 0, max: 2 ** 31 }),
        fc.integer({ min: 1, max: 2 ** 31 }),
        (power, number, timeline) => {
          const bytes = mib * 2 ** power;
          expect(parseSegment(segmentName({ timeline, number }, bytes), bytes)).toEqual({ timeline, number });
        },
      ),
    );
  });
});

describe('segmentBytesOf', () => {
  it('takes the size at which positions and names agree', () => {
    expect(segmentBytesOf([{ segment: '000000010000000000000003', lsn: '0/3000028' }])).toBe(16 * mib);
    expect(segmentBytesOf([{ segment: '000000010000000000000003', lsn: '0/300028' }])).toBe(mib);
    expect(segmentBytesOf([{ segment: '000000010000000100000001', lsn: '1/40000028' }])).toBe(1024 * mib);
  });

  it('takes the default where nothing decides, and says when nothing fits', () => {
    expect(segmentBytesOf([])).toBe(16 * mib);
    expect(segmentBytesOf([{ segment: '000000010000000000000003', lsn: '7/3000028' }])).toBeNull();
  });

  it('fits what pgBackRest recorded', () => {
    const info = parseInfo(recorded('info-2.45.txt'), 'main');
    const pairs = (info.ok ? (info.value?.backup ?? []) : []).map(({ archive, lsn }) => ({
      segment: archive.start ?? '',
      lsn: lsn?.start ?? '',
    }));

    expect(pairs).toHaveLength(5);
    expect(segmentBytesOf(pairs)).toBe(16 * mib);
  });
});

it('reads positions', () => {
  expect(parseLsn('1/2000028')).toBe(0x102000028n);
  expect(parseLsn('1-2')).toBeNull();
  expect(segmentOfLsn(0x102000028n, 16 * mib)).toBe(258);
});

describe('a listing', () => {
  const listing = parseListing(recorded('repo-ls-2.45.txt'));
  if (!listing.ok) throw listing.error;

  it('has the segments without sum and compression, with the moment they came', () => {
    const archive = archiveOf(listing.value, 16 * mib, new Map());
    const numbers = archive.segments.map(({ number }) => number);

    expect(numbers).toEqual([12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
    expect(archive.segments[0]).toEqual({ timeline: 1, number: 12, archivedAtMs: 1795350692000 });
    expect(archive.unusable).toEqual([]);
  });

  it('does not count what stands there twice or is empty: neither can be had', () => {
    const file = (name: string, size: number) => [`0000000100000000/${name}`, { type: 'file', size, time: 1 }] as const;
    const sum = (digit: string) => digit.repeat(40);
    const text = JSON.stringify(
      Object.fromEntries([
        file(`000000010000000000000001-${sum('a')}.zst`, 5),
        file(`000000010000000000000001-${sum('b')}.zst`, 5),
        file(`000000010000000000000002-${sum('a')}`, 0),
        file(`000000010000000000000003-${sum('a')}.lz4`, 5),
        file('000000010000000000000004.partial-' + sum('a'), 5),
      ]),
    );
    const parsed = parseListing(text);
    const archive = parsed.ok ? archiveOf(parsed.value, 16 * mib, new Map()) : null;

    expect(archive?.segments.map(({ number }) => number)).toEqual([3]);
    expect(archive?.unusable.map(({ number }) => number)).toEqual([1, 2]);
  });

  it('tells when it is none', () => {
    expect(parseListing('nonsense')).toMatchObject({ ok: false, error: { code: 'format_unknown' } });
    expect(parseListing('[1]')).toMatchObject({ ok: false, error: { code: 'format_unknown' } });
  });

  it('has names and entries of every kind', () => {
    const entries = {
      '.': { type: 'path' },
      'a "name", {so}\\': { type: 'file', size: 3, time: 4 },
      'linked -> {"a": 1}': { type: 'link', destination: '/there/{"b":2}' },
      'of a store without moments': { size: 5, type: 'file' },
    };

    const parsed = parseListing(`${JSON.stringify(entries)}\n`);

    expect(parsed.ok ? parsed.value.files : null).toEqual([
      { path: 'a "name", {so}\\', name: 'a "name", {so}\\', bytes: 3, atMs: 4000 },
      { path: 'of a store without moments', name: 'of a store without moments', bytes: 5, atMs: 0 },
    ]);
    expect(parseListing('{}')).toEqual({ ok: true, value: { files: [] } });
  });

  it.each([
    '{"a":{"type":"file"}',
    '{"a":{"type":"file"},}',
    '{"a":{"type":"file"}"b":{"type":"file"}}',
    '{"a":{"type":"file","size":"3"}}',
    '{"a":{"size":3}}',
    '{"a":{"type":}}',
    '{"a":3}',
    '{"a":{"type":"file"}}x}',
    '{,}',
  ])('is not half understood: %s', (text) => {
    expect(parseListing(text)).toMatchObject({ ok: false, error: { code: 'format_unknown' } });
  });
});

it('finds and reads history files', () => {
  const files = [{ path: '00000003.history', name: '00000003.history', bytes: 80, atMs: 5000 }];

  expect(historyFiles({ files })).toEqual([{ timeline: 3, path: '00000003.history', bytes: 80, atMs: 5000 }]);
  expect(parseHistory('1\t0/5000100\tno recovery target specified\n\n2\t0/7000000\tbefore 2026-11-22\n')).toEqual([
    { parent: 1, lsn: 0x5000100n },
    { parent: 2, lsn: 0x7000000n },
  ]);
  expect(parseHistory('1 nonsense')).toBeNull();
});
