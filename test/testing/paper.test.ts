import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const text = (path: string) => readFileSync(fileURLToPath(new URL(path, import.meta.url)), "utf8");

it.each(["everywhere/chat.ts", "everywhere/chat.test.ts", "page/react-chat.tsx", "page/react-chat.test.tsx"])(
  "what docs/testing.md has for copying is %s, which is compiled and run",
  (file) => {
    const language = file.split(".").at(-1);
    expect(text("../../docs/testing.md")).toContain(`\`\`\`${language}\n${text(file)}\`\`\`\n`);
  },
);
