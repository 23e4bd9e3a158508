/** A Socket.IO URL, taken apart as `io()` does: the path names the namespace, the rest the server. */
export interface Address {
  /** What the Manager is given; undefined: this page's origin. */
  uri: string | undefined;
  namespace: string;
  /** The query of a path; one within `uri` is the engine's to read. */
  query: string | undefined;
}

const ABSOLUTE = /^(\w+):\/\/[^/?#]+([^?#]*)/;

/**
 * @param protocol of this page, for a URL that names none ("//host" or "host:3000"), as `io()` takes them
 * @throws TypeError where it is no URL of a Socket.IO server
 */
export function readAddress(url: string, protocol: () => string): Address {
  if (/^\/(?!\/)/.test(url)) {
    const [path = "", query] = url.replace(/#.*/, "").split("?");
    return { uri: undefined, namespace: path, query };
  }
  const uri = /^\w+:\/\//.test(url) ? url : `${protocol()}//${url.replace(/^\/\//, "")}`;
  const [, scheme = "", path] = ABSOLUTE.exec(uri) ?? [];
  if (!/^(https?|wss?)$/i.test(scheme))
    throw new TypeError(`"url" must be an http(s) or ws(s) URL, or a path that starts with "/"`);
  return { uri, namespace: path || "/", query: undefined };
}
