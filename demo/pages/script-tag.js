// The whole of it is `new authsocket.AuthSocket("/", { refresh: "/api/refresh-token" })`: a script before this one brought
// the global `authsocket`, which uses Socket.IO's own global `io`. From here on the token is read, sent, renewed and
// refreshed without another line. The other options are for this demo: the store is chosen in the page, and the page
// wants to show which tab has refreshed.
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
