/** The time between two drawings, in ms: normally, and for users who prefer reduced motion. */
const frameGap = 100;
const calmGap = 1_000;

/** Calls `draw` with the present instant (ms since the epoch) while the page is visible. */
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
