import type { IPublicClientApplication, PublicClientApplication } from "@azure/msal-browser";
import type { Clerk } from "@clerk/clerk-js";
import type { TokenSource } from "authsocket";
import { amplifySource, clerkSource, firebaseSource, msalSource } from "authsocket/sources";
import { fetchAuthSession } from "aws-amplify/auth";
import { Hub } from "aws-amplify/utils";
import type { Auth } from "firebase/auth";

declare const application: PublicClientApplication;
declare const anyApplication: IPublicClientApplication;
declare const clerk: Clerk;
declare const firebase: Auth;

export const sources: TokenSource[] = [
  amplifySource({ fetchAuthSession, Hub }),
  clerkSource(clerk),
  firebaseSource(firebase),
  msalSource(application, { scopes: ["api://chat/.default"] }),
  msalSource(anyApplication, { scopes: [] }),
];

// @ts-expect-error without scopes there is no access token
msalSource(application, {});
