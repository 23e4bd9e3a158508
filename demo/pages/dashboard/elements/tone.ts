/** The look of a status. The style sheet has the colours of each tone. */
export type Tone = "good" | "busy" | "renewing" | "quiet" | "bad";
