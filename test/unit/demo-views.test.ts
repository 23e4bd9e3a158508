import { describe, expect, it } from "vitest";
import { shownView } from "../../demo/pages/dashboard/elements/views.ts";

describe("the view that the demo shows", () => {
  it("is the one that the address names", () => {
    expect(shownView(["live", "people"], "#people")).toBe("people");
  });

  it("is the first where the address names none, or one that is not offered", () => {
    expect(shownView(["live", "people"], "")).toBe("live");
    expect(shownView(["live"], "#people")).toBe("live");
  });
});
