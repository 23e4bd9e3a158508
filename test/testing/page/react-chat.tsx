// react-chat.tsx
import type { AuthSocket, TokenSet } from "authsocket";
import { useConnection, useSession, useSocketEvent } from "authsocket/react";
import { useState } from "react";

interface ChatProps {
  auth: AuthSocket;
  login: (name: string) => Promise<TokenSet>;
}

/** A chat with a sign-in form. */
export function Chat({ auth, login }: ChatProps) {
  const { status, error } = useConnection(auth);
  const { subject } = useSession(auth.session);

  async function signIn(form: FormData): Promise<void> {
    await auth.session.signIn(await login(String(form.get("name"))));
  }

  if (status === "signedOut") {
    return (
      <form action={signIn}>
        <label>
          Name <input name="name" />
        </label>
        <button type="submit">Sign in</button>
      </form>
    );
  }
  return (
    <main>
      <p role="status">
        {subject ?? "nobody"}: {status}
        {error && ` (${error.code})`}
      </p>
      {/* The key makes a new list and a new input for each user. */}
      <Messages key={subject} auth={auth} />
      {status === "refused" && (
        <button type="button" onClick={() => auth.connect()}>
          Try again
        </button>
      )}
    </main>
  );
}

function Messages({ auth }: { auth: AuthSocket }) {
  const [messages, setMessages] = useState<string[]>([]);
  const add = (text: string) => setMessages((messages) => [...messages, text]);
  useSocketEvent(auth, "news", add);

  async function send(form: FormData): Promise<void> {
    const text = String(form.get("text"));
    try {
      await auth.socket.emitWithAck("message", text);
      add(text);
    } catch {
      add(`${text} (unconfirmed)`); // the server may have handled it or not
    }
  }

  return (
    <>
      <pre role="log">{messages.join("\n")}</pre>
      <form action={send}>
        <label>
          Message <input name="text" />
        </label>
      </form>
    </>
  );
}
