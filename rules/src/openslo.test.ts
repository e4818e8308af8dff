import { parseAllDocuments } from 'yaml';
import { slaNames } from '@genesis-dr/exporter/contract';
import { Config } from '@genesis-dr/exporter/config';
import { generate } from './index.ts';

interface SloDocument {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly service?: string;
    readonly budgetingMethod?: string;
    readonly objectives?: readonly Readonly<Record<string, unknown>>[];
  };
}

function documents(config: Config): SloDocument[] {
  const file = generate(config).find((f) => f.path === 'rules/generated/openslo.yaml');
  return parseAllDocuments(file?.content ?? '').map((document) => document.toJS() as SloDocument);
}

describe('the OpenSLO file', () => {
  it('holds the service that its objectives name, and one SLO of time slices for each objective', () => {
    const [service, ...slos] = documents(Config.parse({ sla: { objectives: { rpo_sla: 0.995 } } }));

    expect(service).toMatchObject({ apiVersion: 'openslo/v1', kind: 'Service', metadata: { name: 'genesis-dr' } });
    expect(slos.map((slo) => slo.metadata.name)).toEqual(slaNames.map((sla) => sla.replaceAll('_', '-')));
    for (const slo of slos)
      expect(slo).toMatchObject({
        apiVersion: 'openslo/v1',
        kind: 'SLO',
        spec: {
          service: 'genesis-dr',
          budgetingMethod: 'Timeslices',
          timeWindow: [{ duration: '30d', isRolling: true }],
          objectives: [{ op: 'gte', value: 1, timeSliceTarget: 1, timeSliceWindow: '1m' }],
        },
      });
    expect(slos.find((slo) => slo.metadata.name === 'rpo-sla')?.spec.objectives?.[0]).toMatchObject({ target: 0.995 });
  });

  it('uses names that every reader of the format takes', () => {
    for (const document of documents(Config.parse({})))
      expect(document.metadata.name).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
  });
});
