import { useSession } from "authsocket/react";
import { useState } from "react";
import { Navigate, NavLink, Outlet } from "react-router";
import { complaintOf, logout } from "../../api.ts";
import { auth } from "./auth.ts";

export function Layout() {
  const { status, subject } = useSession(auth.session);
  const [problem, setProblem] = useState("");

  async function signOut() {
    try {
      await logout();
      await auth.session.signOut();
    } catch (error) {
      setProblem(complaintOf(error));
    }
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
        {problem && (
          <p className="error" role="alert">
            {problem}
          </p>
        )}
        {/* A new page for each user: what one has read and typed is not for the next. */}
        <Outlet key={subject} />
      </main>
    </>
  );
}
