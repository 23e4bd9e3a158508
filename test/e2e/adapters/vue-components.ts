import { useConnection, useSession, useSocketEvent } from "authsocket/vue";
import { defineComponent, h, ref } from "vue";
import { auth, words } from "./page.ts";

const User = defineComponent({
  props: { name: { type: String, required: true } },
  setup(props) {
    const connection = useConnection(auth);
    const session = useSession(auth.session);
    const greeting = ref("");
    let count = 0;
    useSocketEvent(auth, "greeting", (text) => {
      count++;
      greeting.value = `${text} ${count}`;
    });
    return () => h("p", words(props.name, connection.value.status, session.value.subject, greeting.value));
  },
});

export const names = ref(["rendered"]);

export const Users = defineComponent(() => () => names.value.map((name) => h(User, { key: name, name })));
