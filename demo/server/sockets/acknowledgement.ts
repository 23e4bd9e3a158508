/** A client can send anything in place of its acknowledgement, or nothing. Calling that would throw and end the process. */
export function acknowledge<Answer>(reply: unknown): (answer: Answer) => void {
  return (answer) => {
    if (typeof reply === "function") reply(answer);
  };
}
