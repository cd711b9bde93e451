import type { JsonObject } from './json.ts';

/** What a simulated kubelet sends back through `nodes/proxy`. */
export interface AgentResponse {
  /** HTTP status of the kubelet itself, 100 to 599. */
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Buffer;
}

/**
 * The outcome of one request to a kubelet: an answer, silence (the connection is taken, nothing ever comes back),
 * or a refused connection.
 */
export type Answer = AgentResponse | { readonly hang: true } | { readonly refuse: true };

/** How a kubelet that is only simulated is restarted from outside: what a person does on a real node with an editor and systemctl. */
export interface KubeletControl {
  readonly kubeletVersion: string;
  /** `linux` or `windows`. */
  readonly os: string;
  /** Whether the process is there. */
  isRunning(): boolean;
  /** The KubeletConfiguration that it runs, or ran last. */
  configuration(): JsonObject;
  /**
   * Restarts it with these fields in place of the ones of the same name; null: left out of configz.
   *
   * @returns null, or why it did not come back: then it stays stopped
   */
  restart(fields: JsonObject): string | null;
}

/**
 * The kubelet side of `nodes/NAME/proxy`: what stands behind one simulated node. Both methods are called once per
 * request, so the answer may change from call to call.
 */
export interface NodeAgent {
  /** `GET /configz`. */
  configz(): Answer;
  /** `GET /stats/summary`. */
  statsSummary(): Answer;
  /** Absent where nothing runs that could be restarted. */
  readonly control?: KubeletControl;
}
