import { element, setText } from "../elements/element.ts";
import { createLesson } from "../elements/panel.ts";
import type { DemoSocket } from "../server/demo-socket.ts";
import type { ExpiredToken } from "./expired-token.ts";
import {
  type HandshakeResult,
  tampered,
  tryHandshake,
  tryTokenInQuery,
  tryTokenInUrl,
} from "./handshake-try.ts";
import { handshakeWords } from "./handshake-words.ts";

export interface HandshakePanel {
  readonly node: HTMLElement;
  /** The token of "Expired token" has to expire first. */
  draw(now: number): void;
}

/** Tries handshakes with different tokens, and shows how the server answers. */
export function createHandshakePanel(session: DemoSocket["session"], expired: ExpiredToken): HandshakePanel {
  /** Without a token, because the session has ended or cannot be refreshed, there is nothing to try. */
  async function withToken(attempt: (token: string) => Promise<HandshakeResult>): Promise<HandshakeResult> {
    const token = await session.getToken().catch(() => undefined);
    return token === undefined ? { kind: "notTried" } : attempt(token);
  }

  const rows = {
    valid: createRow("valid", "Valid token", "The token that this page uses.", () =>
      withToken((token) => tryHandshake({ token })),
    ),
    missing: createRow("missing", "No token", "The auth option is empty.", () => tryHandshake({})),
    invalid: createRow("invalid", "Invalid token", "Your token, with one letter changed.", () =>
      withToken((token) => tryHandshake({ token: tampered(token) })),
    ),
    expired: createRow("expired", "Expired token", expiredWords, async () => {
      const token = expired.at(Date.now());
      return token === undefined ? { kind: "notTried" } : tryHandshake({ token });
    }),
    url: createRow(
      "url",
      "Token in the URL",
      "AuthSocket refuses: URLs are written to logs and histories.",
      () => withToken(async (token) => tryTokenInUrl(token)),
    ),
    query: createRow(
      "query",
      "Token in a query",
      "One HTTP request, without AuthSocket. The server refuses it.",
      tryTokenInQuery,
    ),
  };
  return {
    node: createLesson(
      "handshake",
      "Handshake middleware",
      "Try a handshake",
      element(
        "p",
        { class: "quiet" },
        "Each button tries to connect once, most of them with plain Socket.IO. The server’s middleware refuses a bad token " +
          "before the server’s “connection” event. The connection of this page stays open.",
      ),
      element("ul", { class: "tries ruled" }, ...Object.values(rows).map(({ node }) => node)),
    ),
    draw(now) {
      const ready = expired.at(now) !== undefined;
      rows.expired.enable(ready);
      const { expiresAt } = expired;
      rows.expired.explain(
        ready || expiresAt === undefined
          ? expiredWords
          : `This page’s first token expires in ${Math.ceil((expiresAt - now) / 1_000)} s.`,
      );
    },
  };
}

const expiredWords = "The first token that this page got.";

function createRow(id: string, label: string, explanation: string, attempt: () => Promise<HandshakeResult>) {
  const words = element("span", { id: `try-${id}-words`, class: "quiet" }, explanation);
  const button = element("button", { type: "button", class: "button", "aria-describedby": words.id }, label);
  const code = element("code", { class: "code" });
  const detail = element("span", { class: "quiet" });
  const result = element("output", { class: "try-result", "data-testid": `try-${id}` }, code, detail);
  result.hidden = true;
  button.addEventListener("click", async () => {
    const { tone, label: title, detail: text } = handshakeWords(await attempted(attempt));
    result.hidden = false;
    result.dataset.tone = tone;
    setText(code, title);
    setText(detail, text);
  });
  return {
    node: element("li", {}, button, words, result),
    enable(enabled: boolean) {
      button.disabled = !enabled;
    },
    explain: (text: string) => setText(words, text),
  };
}

/** Without a network, the request of the last row fails. */
async function attempted(attempt: () => Promise<HandshakeResult>): Promise<HandshakeResult> {
  try {
    return await attempt();
  } catch {
    return { kind: "unreachable" };
  }
}
