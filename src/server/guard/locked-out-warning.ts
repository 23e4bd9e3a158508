import type { Namespace } from "socket.io";
import { warn } from "../reporter.ts";

/** The most namespaces that are warned of, because clients can invent the names of dynamic ones. */
const MOST_WARNINGS = 5;

/**
 * Warns of a namespace that needs no tokens but is guarded with its Server: a package that makes a namespace of its own, such as
 * admin-ui's "/admin", knows nothing about tokens (V8).
 */
export class LockedOutWarning {
  readonly #entered = new WeakSet<Namespace>();
  readonly #warnedOf = new WeakSet<Namespace>();
  #warnings = 0;

  /** A client has entered the namespace. */
  entered(namespace: Namespace): void {
    this.#entered.add(namespace);
  }

  /** The namespace has refused a client without a token. */
  refused(namespace: Namespace): void {
    if (namespace.name === "/" || this.#entered.has(namespace) || this.#warnedOf.has(namespace)) return;
    this.#warnedOf.add(namespace);
    if (++this.#warnings > MOST_WARNINGS) return;
    // Quoted, because clients can put line breaks into a name.
    const name = JSON.stringify(namespace.name);
    warn(
      `The namespace ${name} has refused a client without a token, because authenticate(io) guards all namespaces. ` +
        `If this namespace needs no tokens, exclude it: authenticate(io, { except: [${name}], … })`,
    );
  }
}
