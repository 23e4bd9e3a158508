import type { Profile } from "../../../socket-events.ts";
import { element, setText } from "../elements/element.ts";
import { createLesson } from "../elements/panel.ts";
import type { DemoSocket } from "../server/demo-socket.ts";

/** The user of this socket, as the server knows it. Asked at each connection and after each renewal. */
export function createProfilePanel({ socket, session }: DemoSocket): HTMLElement {
  const rows = { id: "Id", username: "Name", email: "Email", role: "Role" } satisfies Record<
    keyof Profile,
    string
  >;
  const values = Object.keys(rows).map(
    (key) => [key, element("dd", { "data-testid": `whoami-${key}` }, "–")] as const,
  );
  const facts = Object.values(rows).flatMap((title, index) => {
    const [, value] = values[index] ?? [];
    return value ? [element("div", {}, element("dt", {}, title), value)] : [];
  });
  const show = (profile: Partial<Profile>) => {
    for (const [key, value] of values) setText(value, String(Reflect.get(profile, key) ?? "–"));
  };
  const ask = async () => {
    try {
      show(await socket.emitWithAck("whoami"));
    } catch {
      // The connection ended before the answer. The next one asks again.
    }
  };
  let askedFor: number | undefined;
  socket.on("connect", ask);
  session.subscribe((state) => {
    if (state.status === "signedOut") show({});
    if (state.status !== "signedIn" || state.expiresAt === askedFor) return;
    askedFor = state.expiresAt;
    if (socket.connected) void ask();
  });
  const button = element("button", { type: "button", class: "button" }, "Ask again");
  button.addEventListener("click", () => void ask());
  return createLesson(
    "whoami",
    "JSON Web Token",
    "Who the server says you are",
    element("dl", { class: "facts ruled" }, ...facts),
    element(
      "p",
      { class: "quiet" },
      "The server reads this from the verified token, never from what the client says about itself. It accepts only its " +
        "own algorithm, issuer, audience and lifetime.",
    ),
    element("div", { class: "actions" }, button),
  );
}
