// `npm run commits -- main..HEAD`: whether each commit's subject is one line of at most 72 characters.
import { execFileSync } from "node:child_process";

const LONGEST = 72;

const [range = "origin/main..HEAD"] = process.argv.slice(2);
const commits = execFileSync("git", ["log", "--no-merges", "--format=%h %B%x00", range], { encoding: "utf8" })
  .split("\0")
  .map((commit) => commit.trim())
  .filter(Boolean)
  .map((commit) => {
    const [, hash = "", subject = "", next = ""] = /^(\S+) (.*)\n?(.*)/.exec(commit) ?? [];
    return { hash, subject, next };
  });

for (const { hash, subject, next } of commits) {
  for (const complaint of complaints(subject, next)) {
    console.error(`${hash} ${complaint}: ${subject}`);
    process.exitCode = 1;
  }
}
console.log(`${commits.length} subjects of ${range} looked at`);

function complaints(subject: string, next: string): string[] {
  return [
    ...(subject.length > LONGEST ? [`has ${subject.length} characters instead of at most ${LONGEST}`] : []),
    ...(subject.endsWith(".") ? ["ends with a full stop"] : []),
    ...(next !== "" ? ["goes on in the next line: leave one empty below it"] : []),
  ];
}
