/** The check of an option, and what the TypeError says that the option must be. */
export type Rule = readonly [holds: (value: unknown) => boolean, must: string];

/** The known options, by name. */
export type Rules = Readonly<Record<string, Rule>>;

export const DURATION: Rule = [
  (value) => typeof value === "number" && value >= 0,
  "a non-negative number of milliseconds",
];

export const FUNCTION: Rule = [(value) => typeof value === "function", "a function"];

/** A "false" from a setting must not be read as true (S3). */
export const FLAG: Rule = [(value) => typeof value === "boolean", "true or false"];

export const OBJECT: Rule = [
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "an object",
];

/**
 * @param prefix of the options' names, where they are nested
 * @param advice where an unknown option may belong
 * @throws TypeError that names the first option which is not known or not what it must be
 */
export function checkOptions(options: object, rules: Rules, prefix = "", advice = ""): void {
  check(OBJECT[0](options), prefix || "options", OBJECT[1]);
  for (const [option, value] of Object.entries(options)) {
    const rule = rules[option];
    // B19: what an object has from its prototype is no option.
    if (!Array.isArray(rule)) throw new TypeError(`"${prefix}${option}" is not an option${advice}`);
    const [holds, must] = rule as Rule;
    check(value === undefined || holds(value), prefix + option, must);
  }
}

/** @throws TypeError that names the option */
export function check(holds: boolean, option: string, must: string): asserts holds {
  if (!holds) throw new TypeError(`"${option}" must be ${must}`);
}
