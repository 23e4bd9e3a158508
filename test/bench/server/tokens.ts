import { createHmac, createSecretKey, randomUUID } from "node:crypto";

export interface Identity {
  subject: string;
  /** ms since the epoch */
  expiresAt: number;
  claims: object;
}

const HOUR = 3_600_000;

const KEY = createSecretKey("the secret of the benchmarks", "utf8");

/**
 * A token that is issued now.
 *
 * @param lifetime ms from now; negative for an expired one, which had lived for an hour
 */
export function issueToken(subject: string, lifetime: number): string {
  const now = Date.now();
  return makeToken(subject, lifetime > 0 ? now : now + lifetime - HOUR, now + lifetime);
}

/** A JWT, HS256. Instants in ms since the epoch. */
export function makeToken(subject: string, issuedAt: number, expiresAt: number): string {
  const payload = { sub: subject, iat: issuedAt / 1000, exp: expiresAt / 1000, jti: randomUUID() };
  const text = [{ alg: "HS256", typ: "JWT" }, payload].map((part) => encode(JSON.stringify(part))).join(".");
  return `${text}.${sign(text)}`;
}

/** @throws Error named as jsonwebtoken's, so that it is a verdict (V1), unless the token is this server's and unexpired */
export function verifyToken(token: unknown): Identity {
  const [header, payload = "", signature] = String(token).split(".");
  if (signature !== sign(`${header}.${payload}`)) throw named("JsonWebTokenError", "Invalid token");
  const { sub, exp } = JSON.parse(Buffer.from(payload, "base64url").toString());
  const expiresAt = exp * 1000;
  if (expiresAt <= Date.now()) throw named("TokenExpiredError", "Token expired");
  return { subject: sub, expiresAt, claims: {} };
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

function sign(text: string): string {
  return createHmac("sha256", KEY).update(text).digest("base64url");
}

function encode(text: string): string {
  return Buffer.from(text).toString("base64url");
}
