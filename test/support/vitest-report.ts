import { readFileSync } from "node:fs";

export interface Count {
  passed: number;
  failed: number;
}

/** Sums Vitest's JSON report. A test that was skipped has not passed, and a file that could not be read is one that failed. */
export function readVitest(report: string): Count {
  const { testResults } = JSON.parse(readFileSync(report, "utf8")) as {
    testResults: { status: string; assertionResults: { status: string }[] }[];
  };
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  const passed = results.filter(({ status }) => status === "passed").length;
  const unreadable = testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  );
  return { passed, failed: results.length - passed + unreadable.length };
}
