import { describe, expect, it } from "vitest";
import { presenceWords, sinceWords } from "../../demo/pages/dashboard/people/people-words.ts";

const device = { id: "1", browser: "Chrome on Linux", since: Date.UTC(2026, 0, 1) };

describe("the words of the demo's console", () => {
  it("counts devices, and says when the last one has left", () => {
    expect(presenceWords({ devices: [] })).toBe("Fully disconnected");
    expect(presenceWords({ devices: [device] })).toBe("Connected from 1 device");
    expect(presenceWords({ devices: [device, device] })).toBe("Connected from 2 devices");
  });

  it("says since when and for how long a device is connected", () => {
    expect(sinceWords(device, device.since + 59_999)).toMatch(/^since \d\d:\d\d:\d\d, for 59 s$/);
    expect(sinceWords(device, device.since + 3_599_999)).toContain("for 59 min");
    expect(sinceWords(device, device.since + 3_720_000)).toContain("for 1 h 2 min");
  });

  it("never counts backwards where this clock is behind the server's", () => {
    expect(sinceWords(device, device.since - 5_000)).toContain("for 0 s");
  });
});
