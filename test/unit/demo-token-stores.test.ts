import { describe, expect, it } from "vitest";
import { searchWithStore, storeNameIn } from "../../demo/pages/dashboard/token/token-stores.ts";

describe("the choice of a token store in the demo's address", () => {
  it("is localStorage, unless the address names another that there is", () => {
    expect(storeNameIn("")).toBe("local");
    expect(storeNameIn("?store=memory")).toBe("memory");
    expect(storeNameIn("?store=session&theme=x")).toBe("session");
    expect(storeNameIn("?store=somewhere")).toBe("local");
  });

  it("leaves the rest of the address as it is", () => {
    expect(searchWithStore("", "memory")).toBe("?store=memory");
    expect(searchWithStore("?a=1&store=memory", "session")).toBe("?a=1&store=session");
  });
});
