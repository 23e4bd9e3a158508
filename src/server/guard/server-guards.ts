import type { Namespace, Server } from "socket.io";
import { Nodes } from "../cluster/nodes.ts";
import { SERVER_SCOPE } from "../cluster/revocations.ts";
import type { AuthenticatedSocket } from "../connection/authenticated-socket.ts";
import { isExcepted, type Rules } from "../options.ts";
import { Doorway } from "./doorway.ts";
import { Guard } from "./guard.ts";

/** Socket.IO's dynamic namespaces. Private, because the public API tells neither them nor their patterns. */
interface Dynamic {
  parentNsps?: Map<unknown, Namespace>;
  parentNamespacesFromRegExp?: Map<RegExp, Namespace>;
}

/** The key under which a Server keeps its guards, so that another copy of the package finds them (V7). */
const KEY: unique symbol = Symbol.for("authsocket.guards");

/** Which rules guard which namespaces of a Server. */
export class ServerGuards {
  readonly #server: Server;
  readonly #nodes: Nodes;
  #whole: { guard: Guard; except: readonly (string | RegExp)[] } | undefined;
  /** Those of a concrete namespace by its name: Socket.IO may delete a dynamic one, and makes another for the next client (V9). */
  readonly #own = new Map<Namespace | string, Guard>();
  /** The namespaces that were given rules of their own. */
  readonly #ruled = new WeakSet<Namespace>();
  /** The dynamic namespace of each child. Socket.IO forgets it when it deletes a child, which somebody may still be entering (V9). */
  readonly #parents = new WeakMap<Namespace, Namespace>();
  readonly #doorways = new WeakMap<Namespace, Doorway>();
  /** How many dynamic namespaces with rules of their own go by each scope. */
  readonly #dynamic = new Map<string, number>();

  private constructor(server: Server) {
    this.#server = server;
    this.#nodes = new Nodes(server);
    // Every CONNECT finds its namespace by this method, even if that is made later or from a pattern.
    const { of } = server;
    server.of = (name, listener) => {
      const namespace = of.call(server, name, listener);
      this.#watch(namespace as Namespace);
      return namespace;
    };
  }

  static of(server: Server): ServerGuards {
    const holder = server as { [KEY]?: ServerGuards };
    if (!holder[KEY]) Object.defineProperty(holder, KEY, { value: new ServerGuards(server) });
    return holder[KEY] as ServerGuards;
  }

  /** @throws TypeError if the server is guarded already */
  guardServer(rules: Rules<AuthenticatedSocket>): Guard {
    if (this.#whole)
      throw new TypeError(
        "authenticate() was already called for this Server. Call it once, and keep what it returns",
      );
    const guard: Guard = new Guard(rules, this.#nodes, SERVER_SCOPE, () => this.#namespacesOf(guard));
    this.#whole = { guard, except: rules.except ?? [] };
    this.#begin(guard);
    return guard;
  }

  /** @throws TypeError if the namespace has rules of its own already */
  guardNamespace(namespace: Namespace, rules: Rules<AuthenticatedSocket>): Guard {
    const { name } = namespace;
    if (this.#ruled.has(namespace))
      throw new TypeError(
        `authenticate() was already called for the namespace "${name}". Call it once, and keep what it returns`,
      );
    const scope = isDynamic(namespace) ? this.#scopeOfDynamic(namespace) : name;
    const guard: Guard = new Guard(rules, this.#nodes, scope, () => this.#namespacesOf(guard));
    this.#ruled.add(namespace);
    this.#own.set(isDynamic(namespace) ? namespace : name, guard);
    this.#begin(guard);
    return guard;
  }

  /**
   * Socket.IO numbers dynamic namespaces by process. Between nodes, which may run different versions of the app, they go by their
   * patterns, and those whose names a function decides by the order of these calls.
   */
  #scopeOfDynamic(namespace: Namespace): string {
    // If it is missing, only the order is known.
    const { parentNamespacesFromRegExp: patterns = new Map() }: Dynamic = this.#server as object;
    const [pattern] = [...patterns].find(([, parent]) => parent === namespace) ?? [];
    const scope = `dynamic ${pattern ?? "by a function"}`;
    const count = (this.#dynamic.get(scope) ?? 0) + 1;
    this.#dynamic.set(scope, count);
    return count === 1 ? scope : `${scope} ${count}`;
  }

  #begin(guard: Guard): void {
    for (const namespace of this.#namespacesOf(guard)) {
      this.#watch(namespace);
      this.#doorways.get(namespace)?.sendAwayUnverified();
    }
  }

  #watch(namespace: Namespace): void {
    // A dynamic namespace itself has no clients.
    if (isDynamic(namespace) || this.#doorways.has(namespace)) return;
    this.#parentOf(namespace);
    this.#doorways.set(namespace, new Doorway(namespace, () => this.#guardOf(namespace)));
  }

  #guardOf(namespace: Namespace): Guard | undefined {
    const parent = this.#parentOf(namespace);
    const own = this.#own.get(namespace.name) ?? (parent && this.#own.get(parent));
    if (own) return own;
    const { guard, except = [] } = this.#whole ?? {};
    return guard && !isExcepted(namespace.name, except) ? guard : undefined;
  }

  #parentOf(namespace: Namespace): Namespace | undefined {
    const known = this.#parents.get(namespace);
    if (known) return known;
    // If it is missing, only those with rules of their own are known.
    const { parentNsps }: Dynamic = this.#server as object;
    const all = [...(parentNsps?.values() ?? this.#own.keys())];
    const parent = all.find((key): key is Namespace => childrenOf(Object(key))?.has(namespace) === true);
    if (parent) this.#parents.set(namespace, parent);
    return parent;
  }

  #namespacesOf(guard: Guard): Namespace[] {
    // Private, because the public API does not list them. If it is missing, only the main namespace is known.
    const { _nsps: all } = this.#server as { _nsps?: Map<string, Namespace> };
    const namespaces = all ? [...all.values()] : [this.#server.sockets as Namespace];
    return namespaces.filter((namespace) => this.#guardOf(namespace) === guard);
  }
}

/** The concrete namespaces of a dynamic one, which itself has no sockets. */
function childrenOf(namespace: object): Set<unknown> | undefined {
  const { children } = namespace as { children?: unknown };
  return children instanceof Set ? children : undefined;
}

function isDynamic(namespace: object): boolean {
  return childrenOf(namespace) !== undefined;
}
