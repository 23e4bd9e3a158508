import { createPrivateKey, createPublicKey, type JsonWebKey } from "node:crypto";

/** The key pair of the OpenID provider, as JSON Web Keys. */
export interface ProviderKeys {
  /** Signs the provider's tokens. */
  readonly privateKey: JsonWebKey;
  /** Verifies them. The provider publishes it. */
  readonly publicKey: JsonWebKey;
}

/** What Ed25519 keys begin with in PKCS #8 (RFC 8410, section 7). The 32 bytes of the key follow. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

/** @param seed 32 secret bytes. All nodes need the same, so that each accepts what another has signed. */
export function providerKeys(seed: Buffer): ProviderKeys {
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, seed]),
    format: "der",
    type: "pkcs8",
  });
  const about = { kid: "provider", use: "sig", alg: "EdDSA" };
  return {
    privateKey: { ...key.export({ format: "jwk" }), ...about },
    publicKey: { ...createPublicKey(key).export({ format: "jwk" }), ...about },
  };
}
