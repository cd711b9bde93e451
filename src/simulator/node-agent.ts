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

/**
 * The kubelet side of `nodes/NAME/proxy`: what stands behind one simulated node. Both methods are called once per
 * request, so the answer may change from call to call.
 */
export interface NodeAgent {
  /** `GET /configz`. */
  configz(): Answer;
  /** `GET /stats/summary`. */
  statsSummary(): Answer;
}
