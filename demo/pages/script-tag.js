// All you need is `new authsocket.AuthSocket("/", { refresh: "/api/refresh-token" })`. The script tags above define the
// globals `io` (Socket.IO) and `authsocket`, which uses `io`. From here on AuthSocket reads, sends and refreshes the token
// by itself. The other options are for this demo: the user chooses the store in the page, and the page shows which tab has
// refreshed.
const settings = dashboard.pageSettings();
const auth = new authsocket.AuthSocket("/", {
  refresh: "/api/refresh-token",
  store: settings.store,
  fetch: settings.refreshes.fetch,
});

// `auth.socket` is the plain Socket.IO socket, so listeners and emits are what they always were:
auth.socket.on("connect", () => console.info("connected as", auth.socket.id));

// The rest of this page, the same for the single-page app. After a login it calls `auth.session.signIn(…)`.
dashboard.mount(document.querySelector("#app"), auth, settings);
