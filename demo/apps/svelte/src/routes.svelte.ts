import { auth } from "./auth.ts";

/** The page that is shown; undefined until it is known who is signed in. */
export const route = $state<{ path: string | undefined }>({ path: undefined });

/** Goes to a page, or to the sign-in page where it takes a user and nobody is signed in. */
export async function go(path: string): Promise<void> {
  const { status } = path === "/sign-in" ? { status: "signedIn" } : await auth.session.whenReady();
  route.path = status === "signedIn" ? path : "/sign-in";
  if (location.pathname !== route.path) history.pushState(null, "", route.path);
}
