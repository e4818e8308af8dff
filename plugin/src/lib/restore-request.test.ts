import { firstChoice, isComplete, restoreRequest, toggled } from './restore-request.ts';

describe('what is asked to be restored', () => {
  it('is everything into a new folder unless somebody says otherwise', () => {
    expect(restoreRequest(firstChoice(['db', 'files'], null))).toEqual({
      target: { kind: 'folder' },
      components: [],
      paths: [],
    });
  });

  it('is one file of the component it was chosen in', () => {
    const choice = firstChoice(['db', 'files'], { component: 'files', path: 'srv/a.txt' });

    expect(restoreRequest(choice)).toMatchObject({ components: ['files'], paths: ['srv/a.txt'] });
  });

  it('is the chosen components, from a copy, into a named folder or in place', () => {
    const choice = { ...firstChoice(['db', 'files'], null), what: 'components' as const, components: ['db'] };

    expect(restoreRequest({ ...choice, copy: 'far', folder: ' /restores/x ' })).toEqual({
      target: { kind: 'folder', path: '/restores/x' },
      components: ['db'],
      paths: [],
      copy: 'far',
    });
    expect(restoreRequest({ ...choice, target: 'in_place', folder: '/restores/x' }).target).toEqual({
      kind: 'in_place',
    });
  });

  it('never turns a narrow choice into an empty one, which would mean everything', () => {
    expect(toggled(['db'], 'db')).toEqual(['db']);
    expect(toggled(['db'], 'files')).toEqual(['db', 'files']);
    expect(toggled(['db', 'files'], 'db')).toEqual(['files']);
  });
});

it('restores one database into another, which has a name where it is there already', () => {
  const choice = { ...firstChoice(['shop', 'accounts'], null), target: 'database' } as const;

  expect(restoreRequest(choice)).toEqual({
    target: { kind: 'database', existing: false },
    components: ['shop'],
    paths: [],
  });
  const there = { ...choice, database: { component: 'accounts', name: ' restored ', existing: true } };
  expect(restoreRequest(there)).toMatchObject({
    target: { kind: 'database', name: 'restored', existing: true },
    components: ['accounts'],
  });
  expect([choice, there, { ...there, database: { ...there.database, name: ' ' } }].map(isComplete)).toEqual([
    true,
    true,
    false,
  ]);
});
