import { type RouteObject, redirect } from "react-router";
import { AccountPage } from "./account-page.tsx";
import { auth } from "./auth.ts";
import { ChatPage } from "./chat-page.tsx";
import { Layout } from "./layout.tsx";
import { SignInPage } from "./sign-in-page.tsx";

// Waits until it is known who is signed in: after a reload, the token is still to be asked for.
async function requireUser(): Promise<Response | null> {
  const { status } = await auth.session.whenReady();
  return status === "signedIn" ? null : redirect("/sign-in");
}

const checking = <p className="checking">Checking who is signed in…</p>;

export const routes: RouteObject[] = [
  { path: "/sign-in", element: <SignInPage /> },
  {
    element: <Layout />,
    loader: requireUser,
    hydrateFallbackElement: checking,
    children: [
      { path: "/", element: <ChatPage /> },
      { path: "/account", element: <AccountPage /> },
    ],
  },
];
