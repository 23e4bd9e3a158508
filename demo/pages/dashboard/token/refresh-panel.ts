import { element, setText } from "../elements/element.ts";
import { createLesson } from "../elements/panel.ts";
import { createTiles } from "../elements/tiles.ts";
import type { DemoSocket } from "../server/demo-socket.ts";
import type { ProviderSettings } from "./page-settings.ts";
import type { Renewal } from "./refresh-watch.ts";

export interface RefreshPanel {
  readonly node: HTMLElement;
  show(renewals: Readonly<Record<Renewal, number>>): void;
}

/** One refresh for all tabs: counts which tab has made it, and opens a second tab. */
export function createRefreshPanel(
  session: DemoSocket["session"],
  signOutEverywhere: () => void,
  provider?: ProviderSettings,
): RefreshPanel {
  const tiles = createTiles(
    provider
      ? [{ title: `Refreshed by ${provider.client}`, testId: "provided" }]
      : [
          { title: "Refreshed by this tab", testId: "refreshed" },
          { title: "Taken from another tab", testId: "adopted" },
        ],
  );
  const answer = element("output", { class: "quiet" });
  const second = element("a", { class: "button", target: "_blank", rel: "noopener" }, "Open a second tab");
  const aim = () => {
    second.href = `${location.pathname}${location.search}${location.hash}`;
  };
  aim();
  second.addEventListener("click", aim);
  const refresh = element("button", { type: "button", class: "button" }, "Refresh now");
  refresh.addEventListener("click", async () => {
    try {
      await session.getToken({ forceRefresh: true });
      setText(answer, "The token was refreshed.");
    } catch {
      setText(answer, "The token could not be refreshed now.");
    }
  });
  const everywhere = element("button", { type: "button", class: "button danger" }, "Sign out everywhere");
  everywhere.addEventListener("click", signOutEverywhere);
  return {
    node: createLesson(
      "refresh",
      "Refresh",
      provider ? "Refreshed by the provider’s client" : "One refresh for all tabs",
      tiles.node,
      element(
        "p",
        { class: "quiet" },
        provider
          ? "A refresh token can be used once; using it twice ends the session. Here each tab has its own, because the " +
              "provider’s client keeps it in sessionStorage."
          : "A refresh token can be used once; using it twice ends the session. So a single tab refreshes, and the other " +
              "tabs take its new token. The log shows whether this tab refreshed the token or took it from another tab.",
      ),
      element("div", { class: "actions" }, second, refresh),
      answer,
      element(
        "div",
        { class: "aside" },
        element("p", { class: "quiet" }, "Ends your sessions on all devices, including this one."),
        everywhere,
      ),
    ),
    show({ refresh: own, adoption, provider: provided }) {
      tiles.show("provided", provided, "good");
      tiles.show("refreshed", own, "good");
      tiles.show("adopted", adoption, adoption > 0 ? "renewing" : "quiet");
    },
  };
}
