import { describe, expect, it } from "vitest";
import { createExpiredToken } from "../../demo/pages/dashboard/handshake/expired-token.ts";
import { tampered } from "../../demo/pages/dashboard/handshake/handshake-try.ts";
import { handshakeWords } from "../../demo/pages/dashboard/handshake/handshake-words.ts";

describe("the handshakes that the demo tries", () => {
  it("says the code of a refusal, and who refused", () => {
    expect(handshakeWords({ kind: "refused", code: "token_expired", after: 12.4 })).toEqual({
      tone: "bad",
      label: "token_expired",
      detail: "refused after 12 ms",
    });
    expect(handshakeWords({ kind: "notSent", code: "token_in_url" }).detail).toBe(
      "refused by the client. Nothing was sent.",
    );
  });

  it("never says that something took no time at all", () => {
    expect(handshakeWords({ kind: "accepted", after: 0.2 }).detail).toBe("accepted after 1 ms");
  });

  it("tells a server that was not reached from one that refuses", () => {
    expect(handshakeWords({ kind: "unreachable" }).label).toBe("no answer");
    expect(handshakeWords({ kind: "notTried" }).detail).toBe("there is no valid token at the moment");
  });

  it("changes one letter of a token, whatever stands there", () => {
    expect(tampered("abcde")).toBe("abAde");
    expect(tampered("abAde")).toBe("abBde");
  });
});

describe("the token that the demo keeps until it has expired", () => {
  it("is the first, and is handed out from its expiry on", () => {
    const kept = createExpiredToken();
    expect(kept.expiresAt).toBeUndefined();
    kept.keep("first", 1_000);
    kept.keep("second", 2_000);
    expect(kept.expiresAt).toBe(1_000);
    expect(kept.at(999)).toBeUndefined();
    expect(kept.at(1_000)).toBe("first");
  });

  it("is not for the next user", () => {
    const kept = createExpiredToken();
    kept.keep("first", 1_000);
    kept.forget();
    expect(kept.at(5_000)).toBeUndefined();
    kept.keep("the next user's", 9_000);
    expect(kept.expiresAt).toBe(9_000);
  });
});
