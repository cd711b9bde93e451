import { type ApiContext, type Reply, type Sink, STREAM_HEADERS, type StreamReply } from './api.ts';
import type { ListOptions } from './list-options.ts';
import { type Form, kindPrefix, metadataOnly, wholeObject } from './present.ts';
import type { Resource } from './resources.ts';
import { type Failure, statusBody } from './status.ts';
import type { StoreEvent } from './store.ts';
import type { StoredObject } from './stored-object.ts';
import { tableColumns, tableRow } from './table.ts';

/** The annotation of the bookmark that ends the initial events of a streaming list. */
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/** How long a watch lasts when the client names no time: between 30 and 60 minutes, here always the shortest. */
const DEFAULT_TIMEOUT_SECONDS = 1800;

/** How long before its end a watch gets its last bookmark. */
const CLOSING_SECONDS = 2;

type WatchType = 'ADDED' | 'MODIFIED' | 'DELETED';

/**
 * A watch of a resource. Without a resourceVersion (or with "0") it begins with an ADDED for each object. One that is too
 * old is answered with HTTP 200 and an ERROR event of code 410, as is one whose history was lost.
 */
export function watchResource(
  context: ApiContext,
  namespace: string,
  resource: Resource,
  options: ListOptions,
  form: Form,
): Reply {
  return {
    type: 'stream',
    status: 200,
    headers: STREAM_HEADERS,
    start: sink => new Watch(context, namespace, resource, options, form, sink).run(),
  } satisfies StreamReply;
}

class Watch {
  readonly #context: ApiContext;
  readonly #namespace: string;
  readonly #resource: Resource;
  readonly #options: ListOptions;
  readonly #form: Form;
  readonly #sink: Sink;
  readonly #cancels: (() => void)[] = [];
  #headersSent = false;

  constructor(
    context: ApiContext,
    namespace: string,
    resource: Resource,
    options: ListOptions,
    form: Form,
    sink: Sink,
  ) {
    this.#context = context;
    this.#namespace = namespace;
    this.#resource = resource;
    this.#options = options;
    this.#form = form;
    this.#sink = sink;
  }

  run(): () => void {
    const { store } = this.#context.cluster;
    const missed = this.#begin();
    if (missed === undefined) return () => {};
    for (const event of missed) this.#tell(event);
    this.#cancels.push(
      store.subscribe(event => {
        if (event.object.kind === this.#resource.kind) this.#tell(event);
      }),
    );
    this.#schedule();
    return () => this.#stop();
  }

  /** Sends what there is at the start; the events since then, or undefined when the watch is over. */
  #begin(): readonly StoreEvent[] | undefined {
    const { store } = this.#context.cluster;
    const { kind } = this.#resource;
    const from = Number(this.#options.resourceVersion);
    if (this.#options.streamingList || from === 0) {
      for (const object of store.list(kind)) {
        if (this.#selects(object)) this.#send('ADDED', object);
      }
      if (this.#options.streamingList && this.#options.bookmarks) this.#bookmark({ [INITIAL_EVENTS_END]: 'true' });
      return [];
    }
    const missed = store.since(kind, from);
    if (missed === undefined) {
      const message = `too old resource version: ${from} (${store.oldest(kind)})`;
      this.#fail({ code: 410, message, reason: 'Expired' });
    }
    return missed;
  }

  #schedule(): void {
    const { bookmarkMs, timers, version } = this.#context;
    const seconds = this.#options.timeoutSeconds === 0 ? DEFAULT_TIMEOUT_SECONDS : this.#options.timeoutSeconds;
    const finish = timers.after(seconds * 1000, () => {
      this.#stop();
      this.#sink.end();
    });
    this.#cancels.push(finish);
    if (!this.#options.bookmarks) return;
    let cancel = () => {};
    const tick = () => {
      this.#bookmark();
      cancel = timers.after(bookmarkMs, tick);
    };
    cancel = timers.after(bookmarkMs, tick);
    this.#cancels.push(() => cancel());
    // Newer servers send a last one shortly before the time is up.
    if (version === '1.20' || this.#options.streamingList || seconds <= CLOSING_SECONDS) return;
    this.#cancels.push(timers.after((seconds - CLOSING_SECONDS) * 1000, () => this.#bookmark()));
  }

  #stop(): void {
    for (const cancel of this.#cancels.splice(0)) cancel();
  }

  #fail(failure: Failure): void {
    this.#write('ERROR', [Buffer.from(JSON.stringify(statusBody(failure)))]);
    this.#sink.end();
  }

  #selects(object: StoredObject): boolean {
    if (this.#namespace !== '' && object.metadata.namespace !== this.#namespace) return false;
    return this.#options.selector === undefined || this.#options.selector(object);
  }

  // An object that begins to match is ADDED for this watch, one that ceases to is DELETED, whatever happened to it.
  #tell(event: StoreEvent): void {
    const before = event.previous !== undefined && this.#selects(event.previous);
    const now = event.type !== 'DELETED' && this.#selects(event.object);
    if (now) this.#send(before ? 'MODIFIED' : 'ADDED', event.object);
    else if (before) this.#send('DELETED', event.previous?.at(event.revision) ?? event.object);
  }

  #send(type: WatchType, object: StoredObject): void {
    if (this.#form.as === 'object') this.#write(type, wholeObject(object));
    else if (this.#form.as === 'metadata') this.#write(type, [Buffer.from(JSON.stringify(metadataOnly(object)))]);
    else this.#writeTable(type, String(object.revision), [object]);
  }

  #bookmark(annotations?: Readonly<Record<string, string>>): void {
    const resourceVersion = String(this.#context.cluster.store.revision);
    if (this.#form.as === 'table') {
      this.#writeTable('BOOKMARK', resourceVersion, []);
      return;
    }
    const metadata = {
      resourceVersion,
      ...(this.#context.version === '1.20' ? { creationTimestamp: null } : {}),
      ...(annotations === undefined ? {} : { annotations }),
    };
    const empty = this.#form.as === 'object' ? (EMPTY[this.#resource.kind] ?? '') : '';
    const prefix =
      this.#form.as === 'object'
        ? kindPrefix(this.#resource)
        : '{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1"';
    this.#write('BOOKMARK', [Buffer.from(`${prefix},"metadata":${JSON.stringify(metadata)}${empty}}`)]);
  }

  #writeTable(type: string, resourceVersion: string, objects: readonly StoredObject[]): void {
    const { cluster, version } = this.#context;
    const form = this.#form;
    if (form.as !== 'table') return;
    // Only the first table of a watch names its columns.
    const columnDefinitions = this.#headersSent ? [] : tableColumns(this.#resource.kind, version);
    this.#headersSent = true;
    const table = {
      kind: 'Table',
      apiVersion: `meta.k8s.io/${form.version}`,
      metadata: { resourceVersion },
      columnDefinitions,
      rows: objects.map(object => tableRow(object, form, { now: cluster.clock.now(), version })),
    };
    this.#write(type, [Buffer.from(JSON.stringify(table))]);
  }

  #write(type: string, chunks: readonly Buffer[]): void {
    this.#sink.write(Buffer.concat([Buffer.from(`{"type":"${type}","object":`), ...chunks, Buffer.from('}\n')]));
  }
}

// A bookmark is an object of the kind with nothing but a resourceVersion: these are the fields that Go always prints.
const EMPTY: Readonly<Record<string, string>> = {
  Pod: ',"spec":{"containers":null},"status":{}',
  Node: `,"spec":{},"status":{"daemonEndpoints":{"kubeletEndpoint":{"Port":0}},"nodeInfo":${JSON.stringify({
    machineID: '',
    systemUUID: '',
    bootID: '',
    kernelVersion: '',
    osImage: '',
    containerRuntimeVersion: '',
    kubeletVersion: '',
    kubeProxyVersion: '',
    operatingSystem: '',
    architecture: '',
  })}}`,
  Namespace: ',"spec":{},"status":{}',
  Lease: ',"spec":{}',
};
