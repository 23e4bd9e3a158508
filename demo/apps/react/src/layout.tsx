import { useSession } from "authsocket/react";
import { Navigate, NavLink, Outlet } from "react-router";
import { logout } from "../../api.ts";
import { auth } from "./auth.ts";

export function Layout() {
  const { status } = useSession(auth.session);

  async function signOut() {
    await auth.session.signOut();
    await logout();
  }

  if (status === "signedOut") return <Navigate to="/sign-in" />;
  return (
    <>
      <header className="bar">
        <p className="brand">
          <span>AuthSocket</span> with React
        </p>
        <nav aria-label="Pages">
          <NavLink to="/">Chat</NavLink>
          <NavLink to="/account">Account</NavLink>
        </nav>
        <button type="button" className="plain" onClick={signOut}>
          Sign out
        </button>
      </header>
      <main>
        <Outlet />
      </main>
    </>
  );
}
