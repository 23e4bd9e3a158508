import { Accounts } from "./accounts.ts";
import { Admission } from "./admission.ts";
import { Client, type ClientContext, type TestSocketOptions } from "./client.ts";
import { ClientRegistry } from "./client-registry.ts";
import { CookieLogin } from "./cookie-login.ts";
import { type NamespaceContext, NamespaceCore } from "./namespace-core.ts";
import { PageNetwork } from "./page-network.ts";
import { Settling } from "./settling.ts";
import { TestRefresh } from "./test-refresh.ts";
import { openTimeline } from "./time/open-timeline.ts";
import { Deliveries } from "./wire/deliveries.ts";
import type { Engine } from "./wire/engine.ts";

let servers = 0;

/** A server inside: puts the parts together. */
export class ServerCore {
  readonly accounts = new Accounts();
  readonly login = new CookieLogin(this.accounts);
  readonly clients: ClientRegistry;
  readonly admission: Admission;
  readonly refresh: TestRefresh;
  readonly #network = new PageNetwork();
  readonly #settling: Settling;
  readonly #clientContext: ClientContext;
  readonly #namespaceContext: NamespaceContext;
  readonly #namespaces = new Map<string, NamespaceCore>();
  readonly #engines = new Set<Engine>();

  /** @param guests whether sockets without a token are connected */
  constructor(guests: boolean) {
    const { accounts, login } = this;
    const deliveries = new Deliveries();
    const clients = new ClientRegistry((listener) => deliveries.send(listener));
    const isOnline = () => this.#network.isOnline && !clients.isClosed;
    this.clients = clients;
    this.admission = new Admission(accounts, guests);
    this.refresh = new TestRefresh({
      ...{ deliveries, isOnline },
      subject: ({ refreshToken, signIn }) => (accounts.owner(refreshToken) ?? signIn)?.subject,
      answer: (request) => login.refresh(request),
    });
    this.#clientContext = {
      name: `authsocket-testing-server-${++servers}`,
      ...{ deliveries, isOnline },
      cookie: () => login.cookie,
      tabStore: (store) => clients.tabStore(store),
      clientOf: (session) => clients.of(session),
      signInOf: (accessToken) => login.signInOf(accessToken),
      refresh: (request) => this.refresh.request(request),
      connect: (namespace, connecting) => this.admission.connect(this.namespace(namespace), connecting),
      opened: (engine) => this.#engines.add(engine),
      closed: (engine) => this.#engines.delete(engine),
    };
    this.#namespaceContext = {
      renew: (token, namespace) => this.admission.renew(token, namespace),
      settled: () => this.settled(),
      describe: () => this.describe(),
    };
    this.#settling = new Settling(deliveries, openTimeline(), () => this.describe());
  }

  /**
   * A client that `clients` does not have yet: its options may be refused.
   *
   * @throws Error once it is closed
   */
  client(options: TestSocketOptions): Client {
    if (this.clients.isClosed) {
      throw new Error("the server was closed: createTestServer() makes a new one");
    }
    return new Client(options, this.#clientContext);
  }

  /** @param name with the leading slash */
  namespace(name: string): NamespaceCore {
    const known = this.#namespaces.get(name) ?? new NamespaceCore(name, this.#namespaceContext);
    this.#namespaces.set(name, known);
    return known;
  }

  get namespaces(): Iterable<NamespaceCore> {
    return this.#namespaces.values();
  }

  offline(): void {
    this.#drop();
    this.#network.change(false);
    this.refresh.disconnect();
  }

  online(): void {
    this.#network.change(true);
  }

  async settled(): Promise<void> {
    await this.#settling.settled();
    this.#lookAtKicks();
  }

  async advance(ms: number): Promise<void> {
    await this.#settling.advance(ms);
    this.#lookAtKicks();
  }

  async close(): Promise<void> {
    if (this.clients.isClosed) return;
    this.clients.dispose();
    this.refresh.close();
    this.#drop();
    this.#network.change(true);
    await this.#settling.close();
  }

  /** The clients and their states, for people. */
  describe(): string {
    const { pending } = this.refresh;
    const waiting = `${pending} refresh ${pending === 1 ? "request waits" : "requests wait"}`;
    const parts = [...this.clients.states(), ...(pending > 0 ? [waiting] : [])];
    return parts.length > 0 ? `${parts.join("; ")}.` : "No AuthSocket was made by server.socket().";
  }

  /** Who waits for a refresh may still come back automatically. */
  #lookAtKicks(): void {
    if (this.refresh.pending === 0) this.clients.haveStayedAway();
  }

  #drop(): void {
    for (const engine of [...this.#engines]) engine.drop();
  }
}
