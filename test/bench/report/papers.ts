import { readFileSync, writeFileSync } from "node:fs";
import type { ContenderName } from "../contenders/contender.ts";
import { type Group, plot } from "./plot.ts";
import type { Measurement, Record } from "./record.ts";
import type { Row } from "./row.ts";
import { table } from "./table.ts";

/** A file that is drawn from the record, by its path from the root, and its text. */
export interface Drawn {
  path: string;
  text: string;
}

const OURS = "AuthSocket auto" satisfies ContenderName;
const root = new URL("../../../", import.meta.url);

/** README's rows, which compare the tutorial's code with AuthSocket. */
const highlights: { label: string; measure: string }[] = [
  {
    label: "Connect with an expired token, in ms",
    measure: "connect, expired token, websocket, Chromium",
  },
  {
    label: "Time without a connection when the token expires, in ms",
    measure: "token expires under load, Chromium: ms disconnected",
  },
  {
    label: "Events to the page that are lost when the token expires",
    measure: "token expires under load, Chromium: events lost to the client",
  },
  {
    label: "Events to the server that are lost when the token expires",
    measure: "token expires under load, Chromium: events lost to the server",
  },
  {
    label: "Refreshes when the token of eight namespaces expires",
    measure: "eight namespaces expire, Chromium: refreshes",
  },
  {
    label: "The same, if refresh tokens work only once",
    measure: "eight namespaces expire, one-time refresh tokens, Chromium: refreshes",
  },
  {
    label: "Size without socket.io-client, in kB gzip",
    measure: "kB in an app: minified, gzip, brotli",
  },
];

const connects = ["Node", "Chromium"].map((host) => ({
  label: host,
  measure: `connect, expired token, websocket, ${host}`,
}));
const losses = ["events lost to the client", "events lost to the server", "answers lost"].map((label) => ({
  label,
  measure: `token expires under load, Chromium: ${label}`,
}));
const refreshes = [
  { label: "eight namespaces", measure: "eight namespaces expire, Chromium: refreshes" },
  { label: "eight tabs", measure: "eight tabs expire, Chromium: refreshes" },
];

const plots = [
  { name: "connect", title: "Connect with an expired token by WebSocket (ms)", groups: connects },
  { name: "losses", title: "What is lost when the token expires under load, in Chromium", groups: losses },
  { name: "refreshes", title: "Refreshes when eight sockets share a token that expires", groups: refreshes },
];

/** Every file that shows figures, as the record has them. */
export function papers(record: Record): Drawn[] {
  const rows = Object.values(record).flatMap((measurement) => measurement.rows);
  return [
    section("docs/benchmarks.md", "bench", `${table(rows)}\n\n${origins(record)}`),
    section("README.md", "bench", highlightTable(rows)),
    ...plots.map(({ name, title, groups }) => ({
      path: `docs/plots/${name}.svg`,
      text: plot(
        title,
        groups.map(({ label, measure }) => group(label, rowOf(rows, measure))),
      ),
    })),
  ];
}

export function draw(record: Record): void {
  for (const { path, text } of papers(record)) writeFileSync(new URL(path, root), text);
}

function rowOf(rows: readonly Row[], measure: string): Row {
  const row = rows.find((each) => each.measure === measure);
  if (!row) throw new Error(`the record has no row "${measure}"`);
  return row;
}

function highlightTable(rows: readonly Row[]): string {
  const cell = (measure: string, contender: ContenderName) =>
    short(rowOf(rows, measure).cells[contender] ?? "");
  const lines = highlights.map(
    ({ label, measure }) => `| ${label} | ${cell(measure, "tutorial")} | ${cell(measure, OURS)} |`,
  );
  return ["|  | tutorial | authsocket |", "| --- | --- | --- |", ...lines].join("\n");
}

/** A cell for readers in a hurry: the milliseconds of a time, the gzip of a size, a count without its quartiles. */
function short(cell: string): string {
  const milliseconds = /([\d.]+) ms$/.exec(cell)?.[1];
  const gzip = /^[\d.]+, ([\d.]+), [\d.]+$/.exec(cell)?.[1];
  return (
    milliseconds ??
    gzip ??
    cell.replace(/ \([^)]*\)/, "").replace(/, signed out (\d+) of \1 times/, ", and the user is signed out")
  );
}

/** The number that a plot shows; undefined if there is none, as for a contender that did not reconnect. */
export function figure(cell: string): number | undefined {
  const text = /([\d.]+) ms$/.exec(cell)?.[1] ?? /(?:^|to )([\d.]+)(?: \([^)]*\))?$/.exec(cell)?.[1];
  return text === undefined ? undefined : Number(text);
}

function group(label: string, { cells }: Row): Group {
  const shown: ContenderName[] = ["raw", "tutorial", "callback", OURS];
  const bars = shown.flatMap((name) => {
    const value = figure(cells[name] ?? "");
    return value === undefined
      ? []
      : [{ label: name === OURS ? "authsocket" : name, value, ours: name === OURS }];
  });
  return { label, bars };
}

/** When and where the rows were measured; scenarios that were measured together share a sentence. */
function origins(record: Record): string {
  const words = ({ day, node, platform, repetitions }: Measurement) =>
    `on ${day} with Node ${node} on ${platform}, in ${repetitions} repetitions`;
  const byWords = new Map<string, string[]>();
  for (const [name, measurement] of Object.entries(record)) {
    const key = words(measurement);
    byWords.set(key, [...(byWords.get(key) ?? []), name]);
  }
  const [first, ...others] = [...byWords];
  if (!first) return "Not measured yet.";
  return [
    `Measured ${first[0]}.`,
    ...others.map(([key, names]) => `Measured ${key}: only ${names.join(", ")}.`),
  ].join("\n");
}

/** A paper whose text between two markers is replaced. */
function section(path: string, marker: string, content: string): Drawn {
  const text = readFileSync(new URL(path, root), "utf8");
  const [start, end] = [`<!-- ${marker}:start -->`, `<!-- ${marker}:end -->`];
  const from = text.indexOf(start) + start.length;
  const to = text.indexOf(end);
  if (from < start.length || to < from)
    throw new Error(`${path} needs the markers ${start} and ${end}, in this order`);
  return { path, text: `${text.slice(0, from)}\n${content}\n${text.slice(to)}` };
}
