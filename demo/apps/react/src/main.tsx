import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createBrowserRouter, RouterProvider } from "react-router";
import "../../app.css";
import { routes } from "./routes.tsx";

const root = document.querySelector("#app");
if (root === null) throw new Error("The page has no #app.");

createRoot(root).render(
  <StrictMode>
    <RouterProvider router={createBrowserRouter(routes)} />
  </StrictMode>,
);
