// The server of the small example. It also needs six files of ../server, which docs/getting-started.md lists.
import { randomBytes } from "node:crypto";
import { authenticate } from "authsocket/server";
import express, { type Response } from "express";
import { jwtVerify, SignJWT } from "jose";
import { Server } from "socket.io";
import { requireRequestedWith } from "../server/guards/requested-with.ts";
import { MemoryStore } from "../server/stores/memory-store.ts";
import { RefreshCookie } from "../server/tokens/refresh-cookie.ts";
import { RefreshFamilies } from "../server/tokens/refresh-families.ts";

const expiresIn = Number(process.env.ACCESS_TOKEN_SECONDS || 15);
const lifetime = 7 * 24 * 60 * 60 * 1000; // of a sign-in, in ms
const passwords = new Map([["alice", "wonderland"]]).set("bob", "builder");
const key = randomBytes(32);
// Each refresh token can be used once. For five seconds a second use is answered too, because an answer may get lost.
const families = new RefreshFamilies(new MemoryStore(), { key: randomBytes(32), lifetime, grace: 5_000 });
const cookie = new RefreshCookie({ lifetime, secure: false }); // true where the site has https

async function grant(response: Response, username: string, refreshToken: string): Promise<void> {
  cookie.set(response, refreshToken);
  const jwt = new SignJWT({ sub: username }).setProtectedHeader({ alg: "HS256" }).setIssuedAt();
  response.json({ token: await jwt.setExpirationTime(`${expiresIn}s`).sign(key), expiresIn });
}

const app = express().use(express.json()).use("/dist", express.static("dist"));
app.get("/", (_, response) => response.sendFile("index.html", { root: "demo/quickstart" }));
app.post("/api/login", async ({ body }, response) => {
  const isRight = passwords.has(body?.username) && passwords.get(body.username) === body.password;
  if (isRight) await grant(response, body.username, (await families.start(body.username)).secret);
  else response.sendStatus(401);
});
app.post("/api/refresh-token", requireRequestedWith, async (request, response) => {
  const rotation = await families.rotate(cookie.read(request));
  if (rotation.outcome === "rotated") await grant(response, rotation.family.subject, rotation.secret);
  else response.sendStatus(401);
});
app.post("/api/logout", async (request, response) => {
  const family = await families.find(cookie.read(request));
  if (family) await families.end(family);
  cookie.clear(response);
  response.sendStatus(204);
});

const server = app.listen(Number(process.env.PORT || 3000), "localhost", (error) => {
  if (error) throw new Error("The port cannot be used: set PORT to another one.", { cause: error });
  console.log(`http://localhost:${Object(server.address()).port}`);
});
const io = new Server(server);
authenticate(io, {
  verify: async (token) => {
    const { payload } = await jwtVerify(token, key, { algorithms: ["HS256"] });
    return { subject: String(payload.sub), expiresAt: Number(payload.exp) * 1000, claims: {} };
  },
});
io.on("connection", (socket) => {
  socket.on("message", (text) => {
    if (typeof text === "string") io.emit("message", { from: socket.data.auth.subject, text });
  });
});
