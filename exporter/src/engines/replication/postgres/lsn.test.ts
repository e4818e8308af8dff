import { bytesBetween, lsnBytes } from './lsn.ts';

describe('lsnBytes', () => {
  it.each([
    ['0/0', 0n],
    ['0/1700158', 0x1700158n],
    ['16/B374D848', 0x16b374d848n],
    ['FFFFFFFF/FFFFFFFF', 0xffffffffffffffffn],
  ])('%s', (text, bytes) => expect(lsnBytes(text)).toBe(bytes));

  it.each(['', '1', '0/', '0/G', '123456789/0'])('%s is none', (text) => expect(lsnBytes(text)).toBeNull());
});

describe('bytesBetween', () => {
  it('counts over the border of 4 GiB, and never backwards', () => {
    expect(bytesBetween('0/FFFFFF00', '1/100')).toBe(512);
    expect(bytesBetween('1/100', '0/FFFFFF00')).toBe(0);
  });

  it('does not know what is between an unknown position and another', () => {
    expect(bytesBetween(null, '0/1')).toBeNull();
    expect(bytesBetween('0/1', null)).toBeNull();
    expect(bytesBetween('?', '0/1')).toBeNull();
  });
});
