/** What a client sends as its acknowledgement may be anything, or missing; calling it would end the process. */
export function acknowledge<Answer>(reply: unknown): (answer: Answer) => void {
  return (answer) => {
    if (typeof reply === "function") reply(answer);
  };
}
