import type { Adapter, AdapterPayload } from "oidc-provider";
import type { Store } from "../stores/store.ts";

/** How many tokens of one sign-in can be revoked together. A renewal replaces the oldest, which was used long ago. */
const MAX_GRANT_MEMBERS = 20;

/** Keeps one kind of the provider's records (sessions, codes, refresh tokens …) in this server's store. */
export class StoreAdapter implements Adapter {
  readonly #store: Store;
  readonly #kind: string;

  constructor(store: Store, kind: string) {
    this.#store = store;
    this.#kind = kind;
  }

  /** @param expiresIn in seconds */
  async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const lifetime = expiresIn === undefined ? {} : { lifetime: expiresIn * 1000 };
    const key = this.#key(id);
    await this.#put(key, payload, lifetime);
    if (payload.uid) await this.#put(this.#uidKey(payload.uid), id, lifetime);
    if (payload.grantId)
      await this.#store.update<string[], void>(grantKey(payload.grantId), (members = []) => ({
        result: undefined,
        next: { value: [...members, key].slice(-MAX_GRANT_MEMBERS), ...lifetime },
      }));
  }

  find(id: string): Promise<AdapterPayload | undefined> {
    return this.#store.get<AdapterPayload>(this.#key(id));
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    const id = await this.#store.get<string>(this.#uidKey(uid));
    return id === undefined ? undefined : this.find(id);
  }

  /** Only devices without a keyboard have user codes. This provider has none. */
  async findByUserCode(): Promise<undefined> {
    return undefined;
  }

  /** Marks a one-time record as used. Using it again then revokes the whole grant. */
  async consume(id: string): Promise<void> {
    await this.#store.update<AdapterPayload, void>(this.#key(id), (payload) => {
      if (!payload) return { result: undefined };
      const now = Date.now();
      const lifetime = payload.exp === undefined ? {} : { lifetime: payload.exp * 1000 - now };
      return {
        result: undefined,
        next: { value: { ...payload, consumed: Math.floor(now / 1000) }, ...lifetime },
      };
    });
  }

  async destroy(id: string): Promise<void> {
    await this.#store.delete(this.#key(id));
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    const members = (await this.#store.get<string[]>(grantKey(grantId))) ?? [];
    await Promise.all([...members, grantKey(grantId)].map((key) => this.#store.delete(key)));
  }

  #put<Value>(key: string, value: Value, lifetime: { lifetime?: number }): Promise<void> {
    return this.#store.update<Value, void>(key, () => ({ result: undefined, next: { value, ...lifetime } }));
  }

  #key(id: string): string {
    return `oidc:${this.#kind}:${id}`;
  }

  #uidKey(uid: string): string {
    return `oidc:${this.#kind}:uid:${uid}`;
  }
}

const grantKey = (grantId: string): string => `oidc:grant:${grantId}`;
