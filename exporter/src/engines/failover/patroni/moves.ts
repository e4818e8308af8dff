import { wordsOf, type RestAnswer } from './rest.ts';

/**
 * What an answer to POST /switchover or /failover means. `elsewhere`: it moved, but to another node than asked. `unknown`: it may still
 * happen. `scheduled`: it was put off. `refused`: nothing was or will be done.
 */
export type MoveAnswer =
  | { readonly kind: 'done'; readonly node: string; readonly words: string }
  | { readonly kind: 'elsewhere'; readonly node: string; readonly words: string }
  | { readonly kind: 'unknown' | 'scheduled' | 'refused' | 'forbidden'; readonly words: string };

const moved = /^(?:successfully )?(?:switch|fail)ed over to "([^"]*)"(?: instead of "([^"]*)")?/i;

/** Pure. `candidate` is the name that was asked for. A status alone is not believed: 200 may name another node. */
export function judgeMove(answer: Pick<RestAnswer, 'status' | 'text'>, candidate: string): MoveAnswer {
  const words = wordsOf(answer);
  switch (answer.status) {
    case 200: {
      const [, node] = moved.exec(words) ?? [];
      if (node === undefined) return { kind: 'unknown', words };
      return { kind: node === candidate ? 'done' : 'elsewhere', node, words };
    }
    case 202:
      return { kind: 'scheduled', words };
    case 401:
    case 403:
      return { kind: 'forbidden', words };
    case 503:
      // Its own words for "the key is gone and the leader is the same". All else of this status may still happen.
      return { kind: /(switchover|failover) failed$/i.test(words) ? 'refused' : 'unknown', words };
    default:
      return { kind: answer.status >= 400 && answer.status < 500 ? 'refused' : 'unknown', words };
  }
}
