import { configError } from './kubeconfig.ts';

/**
 * Reads the address of an API server as kubectl does: without a scheme it is https when the connection has certificates or
 * skips their check, else http.
 *
 * @returns a URL without credentials, query, fragment and trailing slash; its path stays.
 * @throws ClusterError `config` for anything else.
 */
export function parseServerUrl(text: string, secure: boolean, source: string): URL {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  const url = URL.parse(hasScheme ? text : `${secure ? 'https' : 'http'}://${text}`);
  if (url === null || url.hostname === '' || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw configError(`the server address of ${source} is not a URL`, 'it looks like https://host:6443');
  }
  if (url.username !== '' || url.password !== '') {
    throw configError(
      `the server address of ${source} contains a user name or password`,
      'put them into the user entry of the kubeconfig',
    );
  }
  url.search = '';
  url.hash = '';
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url;
}

/** The URL as text, without the slash that URL adds to an empty path. */
export function serverText(url: URL): string {
  return url.href.replace(/\/$/, '');
}
