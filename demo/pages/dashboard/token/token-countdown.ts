import type { SessionState } from "authsocket";
import { drawing, element, setText } from "../elements/element.ts";
import { createPanel } from "../elements/panel.ts";
import type { DemoSocket } from "../server/demo-socket.ts";
import type { ProviderSettings } from "./page-settings.ts";
import { remainingWords, tokenLife } from "./token-life.ts";

export interface TokenCountdown {
  readonly node: HTMLElement;
  draw(now: number): void;
  showRenewals(count: number): void;
}

/** A ring that empties as the token gets older. The arc outside it shows when the token will be renewed, and by whom. */
export function createTokenCountdown(
  session: DemoSocket["session"],
  provider?: ProviderSettings,
): TokenCountdown {
  const ring = { cx: 60, cy: 60, r: 48, pathLength: 100 };
  const renewal = drawing("circle", { ...ring, r: 57, class: "ring-renewal" });
  const left = drawing("circle", { ...ring, class: "ring-left" });
  const picture = drawing(
    "svg",
    { viewBox: "0 0 120 120", class: "ring", "aria-hidden": "true" },
    drawing("circle", { ...ring, class: "ring-track" }),
    renewal,
    left,
  );
  const remaining = element("span", { class: "ring-number", "data-testid": "token-remaining" }, "–");
  const renewals = element("strong", { "data-testid": "renewals" }, "0");
  const lifeText = element("span", { class: "quiet" });
  let token: { expiresAt: number; lifetime: number } | undefined;

  const draw = (now: number) => {
    const { state } = session;
    const { expiresAt } = state;
    if (expiresAt !== token?.expiresAt) {
      token =
        expiresAt === undefined ? undefined : { expiresAt, lifetime: lifetimeOf(state, expiresAt, now) };
      setText(lifeText, token ? `Each lasts ${remainingWords(token.lifetime)}.` : "");
    }
    if (token === undefined) {
      setText(remaining, "–");
      left.setAttribute("stroke-dasharray", "0 100");
      renewal.setAttribute("stroke-dasharray", "0 100");
      return;
    }
    const life = tokenLife(token.expiresAt, token.lifetime, now, provider?.renewsBefore);
    setText(remaining, remainingWords(life.remaining));
    left.setAttribute("stroke-dasharray", `${life.share * 100} 100`);
    left.dataset.tone = life.share > life.renewal.from ? "good" : life.share > 0 ? "renewing" : "bad";
    const window = life.renewal.from - life.renewal.to;
    renewal.setAttribute("stroke-dasharray", `${window * 100} 100`);
    renewal.setAttribute("stroke-dashoffset", `${-life.renewal.to * 100}`);
  };
  // At once: the lifetime of a token without claims is what is left of it now.
  session.subscribe(() => draw(Date.now()));
  return {
    node: createPanel(
      "token",
      "Token",
      element(
        "div",
        { class: "token-body" },
        element(
          "div",
          { class: "ring-frame", role: "timer", "aria-label": "Time until the token expires" },
          picture,
          remaining,
        ),
        element(
          "div",
          { class: "token-facts" },
          element("p", {}, element("span", { class: "status-title" }, "Refreshes "), renewals),
          element("p", {}, lifeText),
          element(
            "p",
            { class: "ring-key" },
            provider
              ? `${provider.client} refreshes it here, and AuthSocket passes it on. The connection stays open.`
              : "AuthSocket refreshes it at a random moment in this part of its life. The connection stays open.",
          ),
        ),
      ),
    ),
    draw,
    showRenewals(count) {
      setText(renewals, String(count));
    },
  };
}

/** The lifetime that the token's claims state. Without them, the time that is left at its first sight. */
function lifetimeOf(session: SessionState, expiresAt: number, now: number): number {
  const claims = session.status === "signedOut" ? undefined : session.claims;
  if (claims?.exp !== undefined && claims.iat !== undefined && claims.exp > claims.iat) {
    return (claims.exp - claims.iat) * 1_000;
  }
  return Math.max(1, expiresAt - now);
}
