import { element, setText } from "../elements/element.ts";
import type { StatusWords } from "./status-words.ts";

export interface StatusBadge {
  readonly node: HTMLElement;
  show(status: string, words: StatusWords): void;
}

/** A state with a title: its word in a coloured badge, its detail below. The badge has the `testId`. */
export function createStatusBadge(title: string, testId: string): StatusBadge {
  const badge = element("strong", { class: "badge", "data-testid": testId });
  const detail = element("span", { class: "status-detail" });
  return {
    node: element(
      "div",
      { class: "status" },
      element("span", { class: "status-title" }, title),
      badge,
      detail,
    ),
    show(status, words) {
      badge.dataset.status = status;
      badge.dataset.tone = words.tone;
      setText(badge, words.label);
      setText(detail, words.detail);
    },
  };
}
