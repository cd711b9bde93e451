import type { Answer, KubeletControl, NodeAgent } from '../node-agent.ts';
import { configzBody } from './configz.ts';
import type { KubeletState } from './state.ts';
import { statsBody } from './stats.ts';

const JSON_TYPE = 'application/json';
const TEXT_TYPE = 'text/plain; charset=utf-8';

function answer(state: KubeletState, body: () => string): Answer {
  switch (state.mode) {
    case 'stopped':
      return { refuse: true };
    case 'hanging':
    case 'unreachable':
      return { hang: true };
    case 'debugging-off':
      return { status: 405, contentType: TEXT_TYPE, body: 'Debug endpoints are disabled.\n' };
    case 'serving':
      return { status: 200, contentType: JSON_TYPE, body: body() };
  }
}

/**
 * What stands behind a node's proxy path. The state is asked for with every request, so that answers follow it.
 *
 * @param now milliseconds since the epoch
 */
export function kubeletAgent(current: () => KubeletState, now: () => number, control?: KubeletControl): NodeAgent {
  return {
    ...(control === undefined ? {} : { control }),
    configz: () => answer(current(), () => configzBody(current().spec)),
    statsSummary: () => answer(current(), () => statsBody(current(), now())),
  };
}
