import promises from "oidc-provider/lib/helpers/als.js";
import { afterAll } from "vitest";

// One process runs many files: from its first request on, an OpenID provider has Node 20 follow every promise, which would
// make the files after it take twice the processor's time. The next provider's first request turns it on again.
afterAll(() => {
  promises.disable();
});
