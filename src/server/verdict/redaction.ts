/** The longest text that an event carries. */
const LONGEST = 1_000;

/** So many characters of a token in a row give a part of it away. Libraries quote the beginning of what they could not read. */
const TELLING = 8;

/** Matches anything that looks like a JWT. */
const JWT = /\beyJ[\w-]*(\.[\w-]*)*/g;

/** A shorter text is not a secret, and could be part of an ordinary word. */
const SHORTEST = 4;

const REMOVED = "[token]";

/** Returns the messages of an error and its causes, without the token if they quote it or a part of it. */
export function withoutTokens(error: unknown, token = ""): string {
  const text = words(error).replace(JWT, REMOVED).slice(0, LONGEST);
  return token.length < SHORTEST ? text : withoutQuotations(text, token);
}

function words(error: unknown): string {
  const said: string[] = [];
  try {
    for (let next = error; next !== undefined && next !== null && said.length < 4; ) {
      const { name, message, cause } = Object(next);
      said.push(typeof message === "string" ? `${name ?? "Error"}: ${message}` : String(next));
      next = cause;
    }
  } catch {
    // Getters of the app's may throw, and what has no text cannot be quoted.
    said.push("an error that cannot be read");
  }
  return said.join(", caused by ");
}

function withoutQuotations(text: string, token: string): string {
  const shortest = Math.min(TELLING, token.length);
  let cleaned = "";
  for (let at = 0; at < text.length; ) {
    let end = at + shortest;
    if (end > text.length || !token.includes(text.slice(at, end))) {
      cleaned += text[at++];
      continue;
    }
    while (end < text.length && token.includes(text.slice(at, end + 1))) end++;
    cleaned += REMOVED;
    at = end;
  }
  return cleaned;
}
