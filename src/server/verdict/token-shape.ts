/** A longer text is not a token (T21). To verify it could cost the server much, and a hostile client nothing. */
const MAX_TOKEN_LENGTH = 16_384;

/**
 * Whether a text can be a token at all. A token of three parts must be a JWT, whose header and payload are JSON objects. For
 * any other, libraries throw whatever their parser throws, which looks like a fault of the server (V1).
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
