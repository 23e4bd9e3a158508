/** How a status looks: each tone has its colours in the style sheet. */
export type Tone = "good" | "busy" | "renewing" | "quiet" | "bad";
