import { Route, Router } from "@solidjs/router";
import { render } from "solid-js/web";
import "../../app.css";
import { AccountPage } from "./account-page.tsx";
import { ChatPage } from "./chat-page.tsx";
import { Guarded } from "./guarded.tsx";
import { SignInPage } from "./sign-in-page.tsx";

const root = document.querySelector("#app");
if (root === null) throw new Error("The page has no #app.");

render(
  () => (
    <Router>
      <Route path="/sign-in" component={SignInPage} />
      <Route component={Guarded}>
        <Route path="/" component={ChatPage} />
        <Route path="/account" component={AccountPage} />
      </Route>
    </Router>
  ),
  root,
);
