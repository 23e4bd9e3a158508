/** Longer is no token (T21): verifying it could cost a hostile client nothing and the server much. */
const MAX_TOKEN_LENGTH = 16_384;

/**
 * Whether a text can be a token at all. One of three parts is a JWT, whose header and payload are JSON objects: libraries
 * throw whatever their parser throws for others, which looks like a fault of the server's (V1).
 */
export function canBeToken(token: unknown): token is string {
  if (typeof token !== "string" || token.length > MAX_TOKEN_LENGTH) return false;
  const [header, payload, signature, ...more] = token.split(".");
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0)
    return true;
  return holdsObject(header) && holdsObject(payload);
}

function holdsObject(part: string): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
