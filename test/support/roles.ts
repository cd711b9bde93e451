import { load } from 'js-yaml';
import type { PolicyRule } from '../../src/simulator/auth.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';

/** A Role or ClusterRole as printed. */
export interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules: readonly (PolicyRule & { readonly resources: readonly string[] })[];
}

/** Reads a printed role. */
export function roleOf(yaml: string): Role {
  return load(yaml) as Role;
}

/** A rule in words: `get,list nodes`. */
export function ruleText({ verbs, resources }: Role['rules'][number]): string {
  return `${verbs.join(',')} ${resources.join(',')}`;
}

/** The flags that lead to a simulated server as one of its users; null: as nobody. */
export function accessTo(simulator: Simulator, user: string | null): readonly string[] {
  const where = ['--server', simulator.url, '--insecure-skip-tls-verify'];
  return user === null ? where : [...where, '--token', simulator.tokenFor(user)];
}
