import { AuthError } from "authsocket/server";
import type { Socket } from "socket.io";

/**
 * Has a connected socket join the rooms by which `Connections` finds it. Whoever has ended its session or sign-in while the
 * client was still connecting has not found it there. So `check` looks again, once it is there.
 *
 * @param check rejects with an AuthError if the client must not be here any more. Any other error says nothing about the client
 */
export async function enterRooms(
  socket: Pick<Socket, "join" | "disconnect">,
  rooms: string[],
  check: () => Promise<void>,
): Promise<void> {
  await socket.join(rooms);
  await check().catch((error: unknown) => {
    // Not the transport: other namespaces use it too.
    if (error instanceof AuthError) socket.disconnect();
  });
}
