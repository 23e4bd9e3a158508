import { connection, session } from "authsocket/svelte";
import { auth, words } from "./page.ts";

const state = connection(auth);
const user = session(auth.session);
const shown = new Map<string, () => void>();

// What Svelte does for `$state` and `$user` in a component.
function mount(name: string): () => void {
  const paragraph = document.body.appendChild(document.createElement("p"));
  let [status, subject, greeting, count] = ["", undefined as string | undefined, "", 0];
  const render = () => {
    paragraph.textContent = words(name, status, subject, greeting);
  };
  const greet = (text: string) => {
    count++;
    greeting = `${text} ${count}`;
    render();
  };
  auth.socket.on("greeting", greet);
  const ends = [
    state.subscribe((next) => {
      ({ status } = next);
      render();
    }),
    user.subscribe((next) => {
      ({ subject } = next);
      render();
    }),
    () => void auth.socket.off("greeting", greet),
    () => paragraph.remove(),
  ];
  return () => {
    for (const end of ends) end();
  };
}

window.page = {
  auth,
  show: (...names) => {
    for (const [name, unmount] of shown) {
      if (names.includes(name)) continue;
      unmount();
      shown.delete(name);
    }
    for (const name of names) if (!shown.has(name)) shown.set(name, mount(name));
  },
};
