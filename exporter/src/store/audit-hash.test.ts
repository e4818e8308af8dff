import { auditHash, canonicalJson, compareHeads, genesisHash } from './audit-hash.ts';
import { auditOf } from './testing/rows.ts';
import type { AuditHead } from './port.ts';

describe('canonicalJson', () => {
  it('gives the same text for the same content, whatever the order of its keys', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'é' }], a: -0 })).toBe('{"a":0,"b":[1,{"c":"é","d":null}]}');
    expect(canonicalJson({ a: undefined, b: new Date(0) })).toBe('{"b":"1970-01-01T00:00:00.000Z"}');
    expect(canonicalJson({ '\ud800': 'half', z: Number.NaN })).toBe('{"z":null,"\\ud800":"half"}');
  });

  it('refuses what JSON cannot hold', () => {
    expect(() => canonicalJson({ n: 1n })).toThrow(TypeError);
    expect(() => canonicalJson(() => 1)).toThrow('a function has no JSON form');
  });
});

describe('auditHash', () => {
  it('is SHA-256 over the previous hash and the row, as any other tool computes it', () => {
    const row = { ...auditOf({ details: { b: 1, a: [true] } }), seq: 1 };

    // printf '%064d%s' 0 '{"action":"backup",…,"via":"token"}' | sha256sum
    expect(auditHash(genesisHash, row)).toBe('b372f6bd9ef4073ce01ccd4d37a1de5bc6721919bf07215b7e19034e5749ba0a');
  });

  it('changes with every field and with the row before', () => {
    const row = { ...auditOf(), seq: 1 };
    const changed = [
      auditHash(genesisHash, { ...row, seq: 2 }),
      ...Object.keys(auditOf()).map((field) => auditHash(genesisHash, { ...row, [field]: 'changed' })),
      auditHash('1'.repeat(64), row),
    ];

    expect(new Set([auditHash(genesisHash, row), ...changed]).size).toBe(changed.length + 1);
  });
});

describe('compareHeads', () => {
  const head = (count: number, hash = `h${count}`): AuditHead => ({ count, hash, at: '2026-11-22T02:00:00.000Z' });
  const chain = (count: number, brokenAt: number | null, counts: readonly number[]) => ({
    count,
    brokenAt,
    hashes: new Map(counts.map((n) => [n, `h${n}`])),
  });
  const verdicts = (result: ReturnType<typeof compareHeads>): string[] => result.heads.map((item) => item.verdict);

  it('trusts the rows up to the newest head that was kept elsewhere, and no further', () => {
    const result = compareHeads(chain(9, null, [3, 7]), [head(7), head(3)]);

    expect(verdicts(result)).toEqual(['matches', 'matches']);
    expect(result).toMatchObject({ intact: true, provenUpTo: 7, unknownFrom: 8 });
  });

  it('knows nothing without a head kept elsewhere', () => {
    expect(compareHeads(chain(9, null, []), [])).toEqual({ heads: [], intact: true, provenUpTo: 0, unknownFrom: 1 });
  });

  it('sees that the tail was cut', () => {
    const result = compareHeads(chain(5, null, [3]), [head(3), head(8)]);

    expect(verdicts(result)).toEqual(['matches', 'beyond_end']);
    expect(result).toMatchObject({ intact: false, provenUpTo: 3, unknownFrom: 4 });
  });

  it('sees that the log was rewritten', () => {
    const result = compareHeads(chain(9, null, [3, 7]), [head(3), head(7, 'other')]);

    expect(verdicts(result)).toEqual(['matches', 'differs']);
    expect(result).toMatchObject({ intact: false, provenUpTo: 3, unknownFrom: 4 });
  });

  it('does not let a head behind a break or behind a contradiction vouch for anything', () => {
    expect(compareHeads(chain(9, 5, [3, 7]), [head(3), head(7)])).toMatchObject({ intact: false, provenUpTo: 3 });
    expect(compareHeads(chain(9, null, [3, 7]), [head(3, 'other'), head(7)])).toMatchObject({
      intact: false,
      provenUpTo: 0,
    });
  });
});
