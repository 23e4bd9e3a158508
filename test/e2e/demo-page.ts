import { expect, type Locator, type Page } from "playwright/test";
import { demoAccounts } from "../../demo/server/people/demo-accounts.ts";

/** Socket.IO's ids, which end with a counter: one in 15,000 contains what every JWT begins with. */
const ID = /(?<![\w-])[\w-]{16}AA[\w-]{2}(?![\w-])/g;

const withoutIds = (text: string) => text.replaceAll(ID, "");
const showsJwt = (text: string) => withoutIds(text).includes("eyJ");

/** Firefox reports a WebSocket that does not open as an error of the page, although no script has thrown it. */
const WORDS_OF_FIREFOX = /^(Firefox can’t establish a connection to|The connection to) .* /;

/** One of the demo's pages as a user sees it. */
export class DemoPage {
  readonly page: Page;
  readonly app: Locator;
  readonly session: Locator;
  readonly socket: Locator;
  readonly refusal: Locator;
  readonly note: Locator;
  readonly log: Locator;
  readonly message: Locator;
  readonly chatLines: Locator;
  /** Errors that nobody caught, unhandled rejections included. */
  readonly uncaught: Error[] = [];
  /** What the page and the browser wrote to the console. */
  readonly console: { readonly type: string; readonly text: string }[] = [];
  readonly requested: URL[] = [];
  readonly #address: string;

  constructor(page: Page, address: string) {
    this.page = page;
    this.#address = address;
    this.app = page.locator("main#app");
    this.session = page.getByTestId("session-status");
    this.socket = page.getByTestId("socket-status");
    this.refusal = page.getByTestId("refusal");
    this.note = page.getByTestId("note");
    this.log = page.getByTestId("log");
    this.message = page.getByRole("textbox", { name: "Message" });
    this.chatLines = page.getByRole("log", { name: "Conversation" }).getByRole("listitem");
    page.on("pageerror", (error) => {
      if (!WORDS_OF_FIREFOX.test(error.message)) this.uncaught.push(error);
    });
    page.on("console", (message) => this.console.push({ type: message.type(), text: message.text() }));
    page.on("request", (request) => this.requested.push(new URL(request.url())));
    page.on("websocket", (socket) => this.requested.push(new URL(socket.url())));
  }

  async open(): Promise<void> {
    await this.page.goto(this.#address);
  }

  /** Opens the page, where nobody is signed in, and signs in. */
  async openSignedIn(username = "alice"): Promise<void> {
    await this.open();
    await this.signIn(username);
  }

  /** Signs in; `expectSuccess`: whether that is to end with a connection, by default where the password is right. */
  async signIn(
    username: string,
    password = passwordOf(username),
    { expectSuccess = password === passwordOf(username) } = {},
  ): Promise<void> {
    await this.expectStage("signedOut");
    await this.page.getByLabel("Username").fill(username);
    await this.page.getByLabel("Password").fill(password);
    await this.button("Sign in").click();
    if (expectSuccess) await this.expectConnected();
  }

  async signOut(): Promise<void> {
    await this.button("Sign out").click();
    await this.expectStage("signedOut");
  }

  button(name: string): Locator {
    return this.page.getByRole("button", { name, exact: true });
  }

  /** Goes to another view of the dashboard. */
  async view(name: "Live" | "Handshake" | "Connections" | "Console"): Promise<void> {
    const link = this.page
      .getByRole("navigation", { name: "Sections" })
      .getByRole("link", { name, exact: true });
    await link.click();
    await expect(link).toHaveAttribute("aria-current", "true");
  }

  /** What the administrator's console shows of a user. */
  user(username: string): Locator {
    return this.page.getByRole("article", { name: username, exact: true });
  }

  /** Presses a button that breaks something, and waits until the server has taken the order. */
  async press(fault: string): Promise<void> {
    const taken = this.page.waitForResponse((response) => response.url().includes("/api/faults/"));
    await this.button(fault).click();
    expect((await taken).status()).toBe(204);
  }

  /** Has the server disconnect this user until AuthSocket stays away: the first time may be about the token (B14). */
  async kick(): Promise<void> {
    await this.press("Kick");
    await expect(this.log).toContainText("Connected again");
    await this.press("Kick");
    await expect(this.socket).toHaveAttribute("data-status", "refused");
  }

  async say(text: string): Promise<void> {
    await this.message.fill(text);
    await this.message.press("Enter");
    await expect(this.line(text)).toBeVisible();
  }

  line(text: string): Locator {
    return this.chatLines.filter({ has: this.page.getByText(text, { exact: true }) });
  }

  async expectSent(text: string, options: { timeout?: number } = {}): Promise<void> {
    await expect(this.line(text)).toHaveAttribute("data-state", "sent", options);
  }

  async expectStage(stage: Stage): Promise<void> {
    // A session ends with the next renewal, and after a second look that can take two seconds (B6).
    await expect(this.app).toHaveAttribute("data-stage", stage, { timeout: 15_000 });
  }

  async expectConnected(options: { timeout?: number } = {}): Promise<void> {
    await expect(this.session).toHaveAttribute("data-status", "signedIn", options);
    await expect(this.socket).toHaveAttribute("data-status", "connected", options);
  }

  /** What one of the counters says. */
  async count(
    counter: "ticks-received" | "ticks-lost" | "ticks-duplicated" | "renewals" | "refreshed" | "adopted",
  ): Promise<number> {
    return Number(await this.page.getByTestId(counter).textContent());
  }

  /** Whatever a test was about: nothing went uncaught (B9), and no token can be seen (S1). */
  async expectDecency(): Promise<void> {
    expect(this.uncaught).toEqual([]);
    expect(withoutIds(await this.page.content())).not.toContain("eyJ");
    expect(this.console.filter(({ text }) => showsJwt(text))).toEqual([]);
    expect(this.requested.filter(({ href }) => showsJwt(href))).toEqual([]);
  }

  /** From now on the stages of the page are noted, those included that last no longer than a moment. */
  async noteStages(): Promise<() => Promise<readonly Stage[]>> {
    const stages = await this.app.evaluateHandle((app) => {
      const noted: (string | null)[] = [app.getAttribute("data-stage")];
      new MutationObserver((changes) => {
        for (const { oldValue } of changes) noted.push(oldValue);
        noted.push(app.getAttribute("data-stage"));
      }).observe(app, { attributeFilter: ["data-stage"], attributeOldValue: true });
      return noted;
    });
    return async () => [...new Set(await stages.jsonValue())] as Stage[];
  }
}

type Stage = "checking" | "signedOut" | "signedIn";

export function passwordOf(username: string): string {
  const account = demoAccounts.find((candidate) => candidate.username === username);
  if (!account) throw new TypeError(`There is no demo account "${username}"`);
  return account.password;
}
