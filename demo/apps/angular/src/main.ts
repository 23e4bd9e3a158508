// Compiles the templates in the page. An app that `ng build` has compiled leaves it out.
import "@angular/compiler";
import { provideZonelessChangeDetection } from "@angular/core";
import { bootstrapApplication } from "@angular/platform-browser";
import { provideRouter } from "@angular/router";
import "../../app.css";
import { AppComponent } from "./app.component.ts";
import { routes } from "./routes.ts";

await bootstrapApplication(AppComponent, {
  providers: [provideZonelessChangeDetection(), provideRouter(routes)],
});
