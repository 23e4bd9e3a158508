import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { onTestFinished } from "vitest";
import { Happenings } from "./happenings.ts";

/** A request that reached the endpoint. */
export interface RefreshCall {
  /** the parsed body; undefined where there is none */
  body: unknown;
  headers: Headers;
  request: Request;
}

/** How the endpoint answers; `number` counts the calls from 1. */
export type RefreshAnswer = (call: RefreshCall, number: number) => Response | Promise<Response>;

/** An HTTP endpoint for `refresh`, intercepted by msw. What goes anywhere else passes. */
export class RefreshEndpoint {
  readonly url: string;
  readonly calls: RefreshCall[] = [];
  answer: RefreshAnswer;
  readonly #happenings = new Happenings();

  constructor(url: string, answer: RefreshAnswer) {
    this.url = url;
    this.answer = answer;
  }

  async handle(request: Request): Promise<Response> {
    const text = await request.clone().text();
    const call = { body: text === "" ? undefined : JSON.parse(text), headers: request.headers, request };
    this.calls.push(call);
    this.#happenings.happened();
    return this.answer(call, this.calls.length);
  }

  /** Waits for a condition, which is looked at whenever a request arrives. */
  until(condition: () => boolean): Promise<void> {
    return this.#happenings.until(condition);
  }
}

let sites = 0;

/** An endpoint that no other test has used: sessions of one endpoint share what it answers (B2). */
function newUrl(): string {
  sites++;
  return `https://site${sites}.example.test/refresh-token`;
}

/**
 * Listens until the test is over.
 *
 * @param answer default: 503
 * @param url default: one of its own, "https://site1.example.test/refresh-token"
 */
export function startRefreshEndpoint(
  answer: RefreshAnswer = () => new Response(null, { status: 503 }),
  url = newUrl(),
): RefreshEndpoint {
  const endpoint = new RefreshEndpoint(url, answer);
  const server = setupServer(http.post(url, ({ request }) => endpoint.handle(request)));
  server.listen({ onUnhandledRequest: "bypass" });
  onTestFinished(() => server.close());
  return endpoint;
}

/** 200 with JSON `{ token }`, and whatever else is given. */
export function tokenResponse(token: string, more: Record<string, unknown> = {}): Response {
  return HttpResponse.json({ token, ...more });
}
