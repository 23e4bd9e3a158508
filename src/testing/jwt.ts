/** A JWT. Nobody checks the signature: who issues such tokens knows them by heart. */
export function jwt(claims: unknown, signature: string): string {
  return `${base64url({ alg: "none", typ: "JWT" })}.${base64url(claims)}.${signature}`;
}

function base64url(part: unknown): string {
  // btoa takes bytes, and JSON has an escape for every other character.
  const ascii = JSON.stringify(part).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return btoa(ascii).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}
