import { useConnection, useSession, useSocketEvent } from "authsocket/react";
import { StrictMode, useState } from "react";
import { auth, words } from "./page.ts";

function User({ name }: { name: string }) {
  const { status } = useConnection(auth);
  const { subject } = useSession(auth.session);
  const [greeting, setGreeting] = useState("");
  const [count, setCount] = useState(0);
  // A new function at each render: an older one would count from an older number.
  useSocketEvent(auth, "greeting", (text) => {
    setGreeting(`${text} ${count + 1}`);
    setCount(count + 1);
  });
  return <p>{words(name, status, subject, greeting)}</p>;
}

export function Users({ names }: { names: string[] }) {
  return (
    <StrictMode>
      {names.map((name) => (
        <User key={name} name={name} />
      ))}
    </StrictMode>
  );
}
