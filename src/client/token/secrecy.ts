import { AuthSocketError } from "../errors.ts";
import { withoutJwt } from "./token-set.ts";

const LOOPBACK = /^\w+:\/\/([^/?#\\]*@)?(([\w.-]+\.)?localhost|127(\.\d+){3}|\[::1\])(:\d+)?([/?#]|$)/i;

/** Whether a URL leads to this very machine. */
export function isLoopback(url: string): boolean {
  return LOOPBACK.test(url);
}

/** S2: a URL ends up in logs, histories and referrers. */
export function refuseTokenInUrl(option: string, text: string): void {
  if (withoutJwt(text) !== text) {
    throw new AuthSocketError(
      "token_in_url",
      `"${option}" contains a token. Remove it: a token is never sent in a URL`,
    );
  }
}

/** S3: a token must not cross a network in the clear. */
export function refuseInsecure(option: string, url: string): void {
  if (/^\w+:\/\//.test(url) && !/^(https|wss):/i.test(url) && !isLoopback(url)) {
    throw new AuthSocketError(
      "insecure_url",
      `"${option}" would send the token unencrypted to ${url.replace(/[?#].*/, "")}: use https, or set "allowInsecure"`,
    );
  }
}
