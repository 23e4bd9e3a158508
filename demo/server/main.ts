import { createDemoServer, type DemoServer } from "./index.ts";
import { isPasswordCost, MAX_PASSWORD_COST, PASSWORD_COST } from "./people/password-hash.ts";
import { StoreError } from "./stores/store.ts";

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

/** @param range what the values that `isValid` allows are, in words */
function readNumber(
  name: string,
  fallback: number,
  range: string,
  isValid: (value: number) => boolean,
): number {
  const text = process.env[name];
  const value = text === undefined || text.trim() === "" ? fallback : Number(text);
  return isValid(value) ? value : fail(`${name} cannot be "${text}": it is ${range}.`);
}

function readRenewal(): "inBand" | "cut" {
  const { RENEWAL: text = "" } = process.env;
  if (text === "cut" || text === "inBand") return text;
  return text === "" ? "inBand" : fail(`RENEWAL cannot be "${text}": it is "inBand" or "cut".`);
}

const isPort = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= 65_535;
const isSome = (value: number): boolean => Number.isFinite(value) && value > 0;

const port = readNumber("PORT", 3000, "a whole number from 0 to 65535", isPort);
const seconds = readNumber("ACCESS_TOKEN_SECONDS", 15, "a number above 0", isSome);
const grace = readNumber(
  "REFRESH_GRACE_SECONDS",
  0,
  "0 or a number above it",
  (value) => value === 0 || isSome(value),
);
const sessionSeconds = readNumber("SESSION_SECONDS", 60, "a number above 0", isSome);
const passwordCost = readNumber(
  "PASSWORD_COST",
  PASSWORD_COST,
  `a power of two from 2 to ${MAX_PASSWORD_COST}`,
  isPasswordCost,
);
const renewal = readRenewal();

async function start(): Promise<DemoServer> {
  const { JWT_SECRET: secret, REDIS_URL: redisUrl, ORIGIN: origin } = process.env;
  if (!secret && redisUrl) fail("JWT_SECRET is not set: nodes that share a Redis have to share it too.");
  if (!secret)
    console.warn(
      "JWT_SECRET is not set: a random one is used, and access tokens end when this server stops.",
    );
  try {
    return await createDemoServer({
      port,
      accessTokenLifetime: seconds * 1000,
      refreshGrace: grace * 1000,
      sessionLifetime: sessionSeconds * 1000,
      renewal,
      passwordCost,
      ...(secret && { secret }),
      ...(redisUrl && { redisUrl }),
      ...(origin && { origin }),
    });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE")
      fail(`Port ${port} is taken by another program. Choose one: PORT=${port + 1} npm start`);
    if (error instanceof StoreError)
      fail("Redis cannot be reached at REDIS_URL. Start it, or unset REDIS_URL.");
    if (error instanceof TypeError) fail(error.message);
    throw error;
  }
}

const demo = await start();

console.log(`
authsocket demo: ${demo.url}
  ${demo.url}/        by script tags
  ${demo.url}/app     single-page app
  ${demo.url}/openid  sign-in at an OpenID provider

Access tokens live for ${seconds} s; ${renewal === "cut" ? "connections are cut when theirs expires" : "open connections accept new tokens"}. Accounts:
${demo.accounts.map(({ username, password, role }) => `  ${username.padEnd(6)} ${password.padEnd(11)} ${role}`).join("\n")}

Ctrl+C stops the server.`);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    void demo.close();
  });
}
