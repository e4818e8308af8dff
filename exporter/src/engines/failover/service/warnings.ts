import type { FailoverCluster, FailoverNode } from '../port.ts';
import { wayOf } from './actions.ts';

/** What a generic service cannot do in an emergency as it is configured. Pure. */
export function warningsOf({ nodes }: FailoverCluster): readonly string[] {
  return nodes.flatMap((node) => [...gapsOf(node), ...webhookRisk(node)]);
}

function gapsOf(node: FailoverNode): string[] {
  const gaps = [];
  if (node.url === null) gaps.push(`${node.name} has no url: nobody can ask how it is`);
  if (wayOf(node, 'stop') === null || wayOf(node, 'confirmDown') === null)
    gaps.push(`${node.name} cannot be fenced: it needs stop and confirm_down, or a webhook`);
  if (node.candidate && wayOf(node, 'promote') === null && node.commands.admit === null)
    gaps.push(`${node.name} cannot take over: it needs promote or admit, or a webhook`);
  return gaps;
}

/** The signature keeps others from calling it, not from reading it or from answering in its place. */
function webhookRisk({ name, webhook }: FailoverNode): string[] {
  if (webhook === null || !URL.canParse(webhook.url)) return [];
  const { protocol, hostname } = new URL(webhook.url);
  const local = hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  if (protocol === 'https:' || local) return [];
  return [`the webhook of ${name} is called without TLS: whoever stands between can claim that it is down`];
}
