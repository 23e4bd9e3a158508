/** @throws TypeError that names the option */
export function checkDuration(option: string, value: unknown): void {
  check(
    value === undefined || (typeof value === "number" && value >= 0),
    option,
    "a non-negative number of milliseconds",
  );
}

/** @throws TypeError that names the option */
export function checkFunction(option: string, value: unknown): void {
  check(value === undefined || typeof value === "function", option, "a function");
}

/** @throws TypeError that names the option: a "false" from a setting is not to be read as true (S3) */
export function checkFlag(option: string, value: unknown): void {
  check([undefined, true, false].includes(value as boolean), option, "true or false");
}

/** @throws TypeError that names the option */
export function check(holds: boolean, option: string, must: string): asserts holds {
  if (!holds) throw new TypeError(`"${option}" must be ${must}`);
}
