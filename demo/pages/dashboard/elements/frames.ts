/** Pictures move ten times a second, or once for those who asked for less motion. In ms. */
const frameGap = 100;
const calmGap = 1_000;

/** Calls `draw` with the current instant (ms since the epoch), as long as the page is visible. */
export function everyFrame(draw: (now: number) => void): void {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let due = 0;
  const step = (time: number) => {
    if (time >= due) {
      due = time + (calm.matches ? calmGap : frameGap);
      draw(Date.now());
    }
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}
