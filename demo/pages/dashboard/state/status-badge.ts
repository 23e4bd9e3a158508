import { element, setText } from "../elements/element.ts";
import type { StatusWords } from "./status-words.ts";

/** A state: its word in a coloured badge, and its detail beside or below it. */
export interface StatusBadge {
  readonly badge: HTMLElement;
  readonly detail: HTMLElement;
  show(status: string, words: StatusWords): void;
}

/** The badge has the `testId`. */
export function createStatusBadge(testId: string): StatusBadge {
  const badge = element("strong", { class: "badge", "data-testid": testId });
  const detail = element("span", { class: "status-detail" });
  return {
    badge,
    detail,
    show(status, words) {
      badge.dataset.status = status;
      badge.dataset.tone = words.tone;
      setText(badge, words.label);
      setText(detail, words.detail);
    },
  };
}

/** The same under a title. */
export function createTitledStatus(
  title: string,
  testId: string,
): { readonly node: HTMLElement; readonly show: StatusBadge["show"] } {
  const { badge, detail, show } = createStatusBadge(testId);
  const heading = element("span", { class: "status-title" }, title);
  return { node: element("div", { class: "status" }, heading, badge, detail), show };
}
