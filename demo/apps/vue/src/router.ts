import { createRouter, createWebHistory } from "vue-router";
import AccountPage from "./AccountPage.vue";
import { auth } from "./auth.ts";
import ChatPage from "./ChatPage.vue";
import SignInPage from "./SignInPage.vue";

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: "/sign-in", component: SignInPage },
    { path: "/", component: ChatPage, meta: { needsUser: true } },
    { path: "/account", component: AccountPage, meta: { needsUser: true } },
  ],
});

// Waits until it is known who is signed in: after a reload, the token is still to be asked for.
router.beforeEach(async ({ meta }) => {
  if (!meta.needsUser) return true;
  const { status } = await auth.session.whenReady();
  return status === "signedIn" || "/sign-in";
});
