/**
 * The name of the room that all of a user's sockets in a namespace are in.
 *
 * @example
 * io.to(userRoom("alice")).emit("message", "hello");
 */
export function userRoom(subject: string): string {
  return `auth:user:${subject}`;
}
