import type { FailoverNode } from '../port.ts';
import { warningsOf } from './warnings.ts';

const commands = {
  stop: null,
  start: null,
  confirmDown: null,
  promote: null,
  demote: null,
  drain: null,
  admit: null,
};
const node = (change: Partial<FailoverNode>): FailoverNode => ({
  name: 'a',
  region: 'here',
  priority: 100,
  candidate: true,
  server: null,
  data: null,
  url: 'http://a/health',
  commands,
  webhook: null,
  ...change,
});
const warn = (change: Partial<FailoverNode>): readonly string[] =>
  warningsOf({
    service: 'shop',
    nodes: [node(change)],
    bin: null,
    runAs: null,
    replication: null,
    patroni: null,
    caFile: null,
    timeoutSeconds: 60,
    probeTimeoutSeconds: 2,
  });

describe('what a generic service lacks', () => {
  it('is named before it is needed', () => {
    expect(warn({ url: null })).toEqual([
      'a has no url: nobody can ask how it is',
      'a cannot be fenced: it needs stop and confirm_down, or a webhook',
      'a cannot take over: it needs promote or admit, or a webhook',
    ]);
    expect(warn({ candidate: false, commands: { ...commands, stop: ['x'] } })).toEqual([
      'a cannot be fenced: it needs stop and confirm_down, or a webhook',
    ]);
  });

  it('is nothing where all is configured', () => {
    const whole = { ...commands, stop: ['x'], confirmDown: ['x'], promote: ['x'] };

    expect(warn({ commands: whole })).toEqual([]);
    expect(warn({ commands: { ...whole, promote: null, admit: ['x'] } })).toEqual([]);
    for (const url of ['https://ops.example/', 'http://127.0.0.1:9000/', 'http://localhost/', 'http://[::1]/'])
      expect(warn({ webhook: { url, secret: 's' } })).toEqual([]);
  });

  it('is the trust in an answer that anybody on the way can give', () => {
    expect(warn({ webhook: { url: 'http://ops.example/', secret: 's' } })).toEqual([
      'the webhook of a is called without TLS: whoever stands between can claim that it is down',
    ]);
  });
});
