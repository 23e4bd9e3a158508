// The whole of it. The script before last brought the global `authsocket`, which uses Socket.IO's own global `io`;
// from here on the token is read, sent, renewed and refreshed without another line.
const auth = new authsocket.AuthSocket("/", { refresh: "/api/refresh-token" });

// `auth.socket` is the plain Socket.IO socket, so listeners and emits are what they always were:
auth.socket.on("connect", () => console.info("connected as", auth.socket.id));

// The rest of this page, the same for the single-page app. After a login it calls `auth.session.signIn(…)`.
dashboard.mount(document.querySelector("#app"), auth);
