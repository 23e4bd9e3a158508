import { useEffect, useState } from "react";
import type { Profile } from "../../../socket-events.ts";
import { followProfile } from "../../profile.ts";
import { auth } from "./auth.ts";
import { ConnectionPill } from "./connection-pill.tsx";

export function AccountPage() {
  const [profile, setProfile] = useState<Profile>();

  useEffect(() => followProfile(auth, setProfile), []);

  return (
    <>
      <div className="heading">
        <h1>Account</h1>
        <ConnectionPill />
      </div>
      <dl className="card facts">
        <dt>Name</dt>
        <dd>{profile?.username ?? "…"}</dd>
        <dt>Address</dt>
        <dd>{profile?.email ?? "…"}</dd>
        <dt>Role</dt>
        <dd>{profile?.role ?? "…"}</dd>
      </dl>
    </>
  );
}
