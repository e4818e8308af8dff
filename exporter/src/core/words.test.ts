import { bytesInWords, spanInWords } from './words.ts';

describe('words', () => {
  it.each([
    [0, '0 s'],
    [-5, '0 s'],
    [59.9, '59 s'],
    [60, '1 min'],
    [4800, '1 h 20 min'],
    [3605, '1 h'],
    [90_061, '1 d 1 h'],
    [2_592_000, '30 d'],
  ])('say %d seconds', (seconds, text) => {
    expect(spanInWords(seconds)).toBe(text);
  });

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [2 ** 40, '1.0 TiB'],
    [2 ** 60, '1024.0 PiB'],
  ])('say %d bytes', (bytes, text) => {
    expect(bytesInWords(bytes)).toBe(text);
  });
});
