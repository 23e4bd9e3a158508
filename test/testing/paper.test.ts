import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const text = (path: string) => readFileSync(fileURLToPath(new URL(path, import.meta.url)), "utf8");

it.each(["chat.ts", "chat.test.ts"])(
  "what docs/testing.md has for copying is %s, which runs everywhere",
  (file) => {
    expect(text("../../docs/testing.md")).toContain(`\`\`\`ts\n${text(`everywhere/${file}`)}\`\`\`\n`);
  },
);
