import { crumbsOf, modeText, nameIn } from './file-tree.ts';

describe('the folders of a backup', () => {
  it('tells the way from the top', () => {
    expect(crumbsOf('', 'all files')).toEqual([{ name: 'all files', prefix: '' }]);
    expect(crumbsOf('srv/data/', 'all files')).toEqual([
      { name: 'all files', prefix: '' },
      { name: 'srv', prefix: 'srv/' },
      { name: 'data', prefix: 'srv/data/' },
    ]);
    expect(crumbsOf('/srv/data/', 'top').map(({ name }) => name)).toEqual(['top', '/srv', 'data']);
  });

  it('names what is in a folder without the folder, and what a search found elsewhere in full', () => {
    expect(nameIn('srv/data/', 'srv/data/a.txt')).toBe('a.txt');
    expect(nameIn('srv/data/', 'srv/data/sub/')).toBe('sub');
    expect(nameIn('srv/data/', 'etc/a.txt')).toBe('etc/a.txt');
  });

  it('writes permissions as ls does', () => {
    expect(modeText(0o100644)).toBe('rw-r--r--');
    expect(modeText(0o750)).toBe('rwxr-x---');
  });
});
