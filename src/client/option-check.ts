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

/** @throws TypeError that names the option: a "false" from a setting must not be read as true (S3) */
export function checkFlag(option: string, value: unknown): void {
  check([undefined, true, false].includes(value as boolean), option, "true or false");
}

/** @throws TypeError that names the option */
export function checkObject(option: string, value: unknown): asserts value is object {
  check(typeof value === "object" && value !== null && !Array.isArray(value), option, "an object");
}

/**
 * @param advice says where an unknown option belongs
 * @throws TypeError that names the first option that is not known
 */
export function checkKnown(
  options: object,
  known: readonly string[],
  prefix = "",
  advice: (option: string) => string | undefined = () => undefined,
): void {
  for (const option of Object.keys(options)) {
    if (known.includes(option)) continue;
    throw new TypeError(`"${prefix}${option}" is not an option${advice(option) ?? ""}`);
  }
}

/** @throws TypeError that names the option */
export function check(holds: boolean, option: string, must: string): asserts holds {
  if (!holds) throw new TypeError(`"${option}" must be ${must}`);
}
