/** Bars that are compared with each other. */
export interface Group {
  label: string;
  bars: { label: string; value: number; ours: boolean }[];
}

const WIDTH = 720;
const LEFT = 210;
const RIGHT = 70;
const BAR = 22;
const STEP = 28;
const GAP = 18;
const TOP = 52;

const colours = { ours: "#3451b2", others: "#a8b1c4", text: "#213547", ground: "#ffffff" };

/** Horizontal bars in groups, as SVG. It has a background of its own, so that it is readable on a dark page too. */
export function plot(title: string, groups: readonly Group[]): string {
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map(({ value }) => value)), 1);
  const lines: string[] = [];
  let y = TOP;
  for (const { label, bars } of groups) {
    lines.push(text(16, y + 12, label, `font-weight="600"`));
    y += 22;
    for (const bar of bars) {
      const width = Math.max((bar.value / most) * (WIDTH - LEFT - RIGHT), 1);
      lines.push(
        text(LEFT - 10, y + 15, bar.label, `text-anchor="end"`),
        `<rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="2" fill="${bar.ours ? colours.ours : colours.others}"/>`,
        text(LEFT + width + 8, y + 15, String(bar.value)),
      );
      y += STEP;
    }
    y += GAP;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" role="img" aria-label="${escaped(title)}" font-family="system-ui, sans-serif" font-size="13" fill="${colours.text}">`,
    `<rect width="${WIDTH}" height="${y}" fill="${colours.ground}"/>`,
    text(16, 28, title, `font-size="16" font-weight="600"`),
    ...lines,
    "</svg>",
    "",
  ].join("\n");
}

function text(x: number, y: number, words: string, attributes = ""): string {
  const space = attributes === "" ? "" : " ";
  return `<text x="${Number(x.toFixed(1))}" y="${y}"${space}${attributes}>${escaped(words)}</text>`;
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
