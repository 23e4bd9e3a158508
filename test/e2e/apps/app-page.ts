import { expect, type Locator, type Page } from "playwright/test";
import { passwordOf } from "../demo-page.ts";

/** One of the example apps as a user sees it: they all look alike. */
export class AppPage {
  readonly page: Page;
  /** What went uncaught, and what the browser or the framework complained about. */
  readonly complaints: string[] = [];
  readonly #url: string;

  constructor(page: Page, url: string) {
    this.page = page;
    this.#url = url;
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("console", (message) => {
      const isExpected = /401 \(Unauthorized\)|ERR_INTERNET_DISCONNECTED/.test(message.text());
      if (["warning", "error"].includes(message.type()) && !isExpected) this.complaints.push(message.text());
    });
  }

  async open(path = "/"): Promise<void> {
    await this.page.goto(this.#url + path);
  }

  async signIn(username: string): Promise<void> {
    await this.page.getByLabel("Username").fill(username);
    await this.page.getByLabel("Password").fill(passwordOf(username));
    await this.button("Sign in").click();
    await this.expectConnected();
  }

  async say(text: string): Promise<void> {
    await this.message.fill(text);
    await this.button("Send").click();
  }

  async go(name: "Chat" | "Account"): Promise<void> {
    await this.page.getByRole("link", { name, exact: true }).click();
    await expect(this.page.getByRole("heading", { name, exact: true })).toBeVisible();
  }

  button(name: string): Locator {
    return this.page.getByRole("button", { name, exact: true });
  }

  get message(): Locator {
    return this.page.getByRole("textbox", { name: "Message" });
  }

  get lines(): Locator {
    return this.page.getByRole("log", { name: "Conversation" }).getByRole("listitem");
  }

  async expectConnected(): Promise<void> {
    await expect(this.page.getByRole("status")).toHaveText("Connected");
  }

  async expectSignInPage(): Promise<void> {
    // A development server compiles the app and what it imports before the first page.
    await expect(this.page.getByRole("heading", { name: "Sign in" })).toBeVisible({ timeout: 30_000 });
    await expect(this.page).toHaveURL(/\/sign-in$/);
  }
}
