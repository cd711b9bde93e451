import type { RequestInfo } from './request-info.ts';

/** One request as the simulator saw it. */
export interface RequestRecord {
  readonly method: string;
  /** As sent, with the query. */
  readonly url: string;
  readonly info: RequestInfo;
  /** Undefined when the caller could not be told. */
  readonly user: string | undefined;
  readonly userAgent: string | undefined;
  /** The body's text, up to 16 KiB. */
  readonly body: string;
  /** HTTP status; 0 while there is no answer, and for a connection that was cut before one. */
  readonly status: number;
  /** Bytes of the answer's body. */
  readonly bytes: number;
  /** Whether a fault was injected. */
  readonly faulted: boolean;
}

/** What a simulator reports about itself. */
export interface SimulatorStats {
  readonly requests: number;
  /** Answers by HTTP status; 0 for none. */
  readonly byStatus: ReadonlyMap<number, number>;
  readonly bytes: number;
  readonly openSockets: number;
  /** The most sockets that were open at the same time. */
  readonly peakSockets: number;
  readonly inFlight: number;
  readonly peakInFlight: number;
  /** The most requests to kubelets (`nodes/proxy`) at the same time. */
  readonly peakProxy: number;
  /** The share of the time, 0 to 1, that the event loop was busy since the last reset. */
  readonly busy: number;
}

type Open = { -readonly [Key in keyof RequestRecord]: RequestRecord[Key] };

/** Keeps the last requests and counts all. */
export class RequestLog {
  readonly #keep: number;
  #records: Open[] = [];
  #byStatus = new Map<number, number>();
  #requests = 0;
  #bytes = 0;
  #inFlight = 0;
  #proxy = 0;
  #peakInFlight = 0;
  #peakProxy = 0;

  /** @param keep how many requests are kept in full */
  constructor(keep: number) {
    this.#keep = keep;
  }

  /** The last requests, oldest first; those that are being answered have status 0. */
  get records(): readonly RequestRecord[] {
    return this.#records;
  }

  /** Notes a request. Returns a function for its end, which counts once. */
  begin(record: Omit<RequestRecord, 'status' | 'bytes'>): (status: number, bytes: number) => void {
    const open: Open = { ...record, status: 0, bytes: 0 };
    const proxy = record.info.subresource === 'proxy' ? 1 : 0;
    this.#records.push(open);
    if (this.#records.length > this.#keep * 1.25) this.#records = this.#records.slice(-this.#keep);
    this.#requests += 1;
    this.#inFlight += 1;
    this.#proxy += proxy;
    this.#peakInFlight = Math.max(this.#peakInFlight, this.#inFlight);
    this.#peakProxy = Math.max(this.#peakProxy, this.#proxy);
    let ended = false;
    return (status, bytes) => {
      if (ended) return;
      ended = true;
      open.status = status;
      open.bytes = bytes;
      this.#inFlight -= 1;
      this.#proxy -= proxy;
      this.#bytes += bytes;
      this.#byStatus.set(status, (this.#byStatus.get(status) ?? 0) + 1);
    };
  }

  /** The counts, to be completed by who knows the sockets. */
  counts(): Omit<SimulatorStats, 'busy' | 'openSockets' | 'peakSockets'> {
    return {
      requests: this.#requests,
      byStatus: new Map(this.#byStatus),
      bytes: this.#bytes,
      inFlight: this.#inFlight,
      peakInFlight: this.#peakInFlight,
      peakProxy: this.#peakProxy,
    };
  }

  /** Forgets everything but the requests that are being answered. */
  reset(): void {
    this.#records = [];
    this.#byStatus = new Map();
    this.#requests = 0;
    this.#bytes = 0;
    this.#peakInFlight = this.#inFlight;
    this.#peakProxy = this.#proxy;
  }
}
