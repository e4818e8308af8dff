import { fail } from '../../contract/errors.ts';
import { playbookIssues, type PlaybookIssue } from '../../contract/playbooks.ts';
import { answer, paramOf, submit, type Handlers } from './call.ts';

function isIssue(text: string): text is PlaybookIssue {
  return (playbookIssues as readonly string[]).includes(text);
}

export const playbookHandlers = {
  async listPlaybooks(call) {
    return answer(await call.app.playbooks(paramOf(call, 'name')));
  },
  async runPlaybook(call) {
    const issue = paramOf(call, 'id');
    if (!isIssue(issue))
      return fail('not_found', `there is no playbook of this name, only ${playbookIssues.join(', ')}`);
    return submit(call, { kind: 'playbook', service: paramOf(call, 'name'), issue }, call.body);
  },
} satisfies Partial<Handlers>;
