import { inject } from "@angular/core";
import { type CanActivateFn, Router, type Routes } from "@angular/router";
import { AccountPageComponent } from "./account-page.component.ts";
import { auth } from "./auth.ts";
import { ChatPageComponent } from "./chat-page.component.ts";
import { GuardedComponent } from "./guarded.component.ts";
import { SignInPageComponent } from "./sign-in-page.component.ts";

// Waits until it is known who is signed in: after a reload, the token is still to be asked for.
const requireUser: CanActivateFn = async () => {
  const router = inject(Router);
  const { status } = await auth.session.whenReady();
  return status === "signedIn" || router.parseUrl("/sign-in");
};

export const routes: Routes = [
  { path: "sign-in", component: SignInPageComponent },
  {
    path: "",
    component: GuardedComponent,
    canActivate: [requireUser],
    children: [
      { path: "", component: ChatPageComponent },
      { path: "account", component: AccountPageComponent },
    ],
  },
];
