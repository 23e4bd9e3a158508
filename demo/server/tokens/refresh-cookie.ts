import type { IncomingMessage } from "node:http";
import type { CookieOptions, Response } from "express";
import { cookieScheme, readCookie } from "../guards/cookie.ts";

/** The cookie that holds a browser's refresh token. */
export class RefreshCookie {
  readonly #name: string;
  readonly #attributes: CookieOptions;
  readonly #lifetime: number;

  /** @param options.lifetime ms */
  constructor(options: { secure: boolean; lifetime: number }) {
    const { name, attributes } = cookieScheme("authsocket_refresh", options.secure);
    this.#name = name;
    this.#attributes = attributes;
    this.#lifetime = options.lifetime;
  }

  read(request: IncomingMessage): string | undefined {
    return readCookie(request.headers.cookie, this.#name);
  }

  set(response: Response, secret: string): void {
    response.cookie(this.#name, secret, { ...this.#attributes, maxAge: this.#lifetime });
  }

  clear(response: Response): void {
    response.clearCookie(this.#name, this.#attributes);
  }
}
