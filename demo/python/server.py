"""A Socket.IO server in Python that speaks AuthSocket's protocol (PROTOCOL.md), with python-socketio, aiohttp and PyJWT.

    pip install python-socketio aiohttp pyjwt
    JWT_SECRET=... PORT=3000 python server.py

It checks tokens at the handshake, renews live connections, cuts them at their token's expiry, and ends a user's
connections. Connection state recovery is not part of python-socketio.
"""

import asyncio
import os
import random
import sys
import time

import jwt
import socketio
from aiohttp import web

SECRET = os.environ["JWT_SECRET"]
LONGEST_TOKEN = 16_384
NOTICE = 10.0  # seconds before the cut, or a tenth of the token's lifetime
STEP = 0.5  # seconds between two looks at the clock

# With always_connect, CONNECT is accepted before the handler runs, so that the handler may emit. Here nobody may be
# accepted before the token is verified: the greeting is sent after the handler has returned.
sio = socketio.AsyncServer(async_mode="aiohttp", cors_allowed_origins="*")


class Refused(Exception):
    """Why a token is refused: a code of the protocol, and words without the token."""

    def __init__(self, code, message, **more):
        super().__init__(message)
        self.data = {"code": code, **more}


class Connection:
    """One accepted socket."""

    def __init__(self, subject, expires_at, since):
        self.subject = subject
        self.since = since
        self.renewals = asyncio.Lock()  # handlers run concurrently: renewals take turns
        self.adopt(expires_at)

    def adopt(self, expires_at):
        self.expires_at = expires_at
        self.notice = min(NOTICE, (expires_at - time.time()) / 10)
        self.noticed = False

    @property
    def lifetime(self):
        """Milliseconds that are left, from now."""
        return {"expiresIn": max(0.0, (self.expires_at - time.time()) * 1000)}


connections = {}  # by sid
revoked = {}  # by subject: the step at which the user was disconnected
steps = 0


def step():
    """What was begun before and what after, without comparing clocks."""
    global steps
    steps += 1
    return steps


async def verify(token):
    """The subject and the expiry of a token, in seconds since the epoch."""
    if token is None or token == "":
        raise Refused("token_missing", "An access token is needed")
    if not isinstance(token, str) or len(token) > LONGEST_TOKEN:
        raise Refused("token_invalid", "This is no access token")
    try:
        claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"require": ["sub", "exp"]})
        return str(claims["sub"]), float(claims["exp"])
    except jwt.ExpiredSignatureError:
        raise Refused("token_expired", "The access token has expired") from None
    except jwt.InvalidTokenError:
        raise Refused("token_invalid", "The access token is invalid") from None
    except Exception as error:  # a fault of this server says nothing about the token
        print(f"verify failed: {type(error).__name__}", file=sys.stderr)
        raise Refused("unavailable", "Try again", retryAfter=random.randint(1000, 2000)) from None


@sio.event
async def connect(sid, environ, auth):
    since = step()
    try:
        subject, expires_at = await verify(auth.get("token") if isinstance(auth, dict) else None)
    except Refused as refusal:
        # The second argument becomes `data` of the CONNECT_ERROR.
        raise socketio.exceptions.ConnectionRefusedError(str(refusal), refusal.data) from None
    connections[sid] = Connection(subject, expires_at, since)
    sio.start_background_task(serve, sid)


async def serve(sid):
    """Greets a socket once its CONNECT is written, gives notice, and cuts it at its expiry."""
    connection = connections[sid]
    while not sio.manager.is_connected(sid, "/"):
        await asyncio.sleep(0)
    if revoked.get(connection.subject, 0) > connection.since:  # in the midst of the handshake
        return await end(sid, "The user was disconnected")
    await sio.emit("auth:session", connection.lifetime, to=sid)
    while sid in connections:
        left = connection.expires_at - time.time()
        if left <= 0:
            return await sio.disconnect(sid)
        if left <= connection.notice and not connection.noticed:
            connection.noticed = True
            await sio.emit("auth:expiring", connection.lifetime, to=sid)
        # In steps: the clock may be set forward.
        await asyncio.sleep(min(STEP, left if connection.noticed else max(left - connection.notice, 0.001)))


@sio.event
async def disconnect(sid):
    connections.pop(sid, None)


@sio.on("auth:renew")
async def renew(sid, payload=None):
    """What it returns is the acknowledgement. A handler that raises would never acknowledge."""
    connection = current(sid)
    if connection is None:
        return {"code": "token_expired", "message": "The access token has expired"}
    async with connection.renewals:
        try:
            subject, expires_at = await verify(payload.get("token") if isinstance(payload, dict) else None)
            if subject != connection.subject:
                raise Refused("token_invalid", "The token is another user's")
            if current(sid) is None:
                raise Refused("token_expired", "The access token has expired")
            connection.adopt(expires_at)
            return connection.lifetime
        except Refused as refusal:
            return {**refusal.data, "message": str(refusal)}


def current(sid):
    """The connection of a socket whose token is good now. Every handler asks: the cut may be half a second late."""
    connection = connections.get(sid)
    return connection if connection and time.time() < connection.expires_at else None


async def end(sid, reason):
    await sio.emit("auth:revoked", {"reason": reason}, to=sid)
    await sio.disconnect(sid)


def forget(subject, at):
    """Deletes a user's entry, unless a later call has replaced it, which has a timer of its own."""
    if revoked.get(subject) == at:
        del revoked[subject]


async def disconnect_user(subject, reason):
    """Ends a user's connections, and the handshakes that are under way."""
    at = step()
    revoked[subject] = at
    # For as long as a handshake may take.
    asyncio.get_running_loop().call_later(60, forget, subject, at)
    for sid, connection in list(connections.items()):
        if connection.subject == subject:
            await end(sid, reason)


# The app's own events.


@sio.on("message")
async def message(sid, text=None):
    connection = current(sid)
    if connection is None:
        return None
    await sio.emit("message", f"{connection.subject}: {text}")
    return "sent"


@sio.on("sign-out-everywhere")
async def sign_out_everywhere(sid):
    connection = current(sid)
    if connection is not None:
        await disconnect_user(connection.subject, "signed out everywhere")


async def main():
    app = web.Application()
    sio.attach(app)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", int(os.environ.get("PORT", "3000")))
    await site.start()
    host, port = runner.addresses[0][:2]
    print(f"http://{host}:{port}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
