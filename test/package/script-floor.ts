import { type Node, parse } from "acorn";
import { ancestor } from "acorn-walk";

/** What came with ES2022 or later, or in no ECMAScript, and is missing from Safari 15, Chrome 90 or Firefox 90. */
const missingMethods = new Set([
  ...["at", "findLast", "findLastIndex", "toReversed", "toSorted", "toSpliced", "with"],
  ...["isWellFormed", "toWellFormed", "union", "intersection", "difference", "isSubsetOf", "isSupersetOf"],
  ...["throwIfAborted", "randomUUID", "getSetCookie"],
]);
const missingStatics = new Set([
  ...[
    "Object.hasOwn",
    "Object.groupBy",
    "Map.groupBy",
    "Array.fromAsync",
    "Promise.withResolvers",
    "Promise.try",
  ],
  ...[
    "AbortSignal.timeout",
    "AbortSignal.any",
    "AbortSignal.abort",
    "Response.json",
    "URL.canParse",
    "URL.parse",
  ],
  ...["navigator.locks", "Error.captureStackTrace"],
]);
const missingGlobals = new Set([
  ...["structuredClone", "reportError", "BroadcastChannel", "SuppressedError", "DisposableStack"],
]);

/**
 * What a script takes for granted that its oldest browsers do not have, as "line: what". Syntax they cannot read is found
 * by the parser; names are found where they are used without a look at whether they are there: `typeof name`, `try`, or a call by `?.`.
 */
export function beyondFloor(code: string, sourceType: "module" | "script"): string[] {
  const found: string[] = [];
  // Classes with private members came to all three before the rest of ES2022 did.
  const tree = parse(code, { ecmaVersion: 2022, sourceType, locations: true });
  const report = (node: Node, what: string) => found.push(`${node.loc?.start.line}: ${what}`);
  const parentOf = (ancestors: Node[]) => ancestors.at(-2);
  ancestor(tree, {
    StaticBlock: (node) => report(node, "a static block"),
    AwaitExpression(node, _state, ancestors) {
      if (!ancestors.some(({ type }) => type.includes("Function"))) report(node, "await at the top level");
    },
    BinaryExpression(node) {
      if (node.left.type === "PrivateIdentifier") report(node, `#${node.left.name} in …`);
    },
    CallExpression(node, _state, ancestors) {
      const chained = ancestors.some(({ type }) => type === "ChainExpression");
      if (chained && node.arguments.some(({ type }) => type === "SpreadElement")) {
        report(node, "a spread in an optional call, which Chrome 90 gets wrong");
      }
    },
    Literal(node) {
      const { regex } = node;
      if (regex && /\(\?<[=!]/.test(regex.pattern)) report(node, "a regular expression that looks behind");
      if (regex && /[dv]/.test(regex.flags)) report(node, `a regular expression's flag in "${regex.flags}"`);
    },
    MemberExpression(node, _state, ancestors) {
      if (node.computed || node.property.type !== "Identifier") return;
      const { name } = node.property;
      const call = parentOf(ancestors);
      const isCalled = call?.type === "CallExpression" && "callee" in call && call.callee === node;
      const isTried = isCalled && "optional" in call && call.optional === true;
      if (isTried || isAskedFor(call)) return;
      const owner = node.object.type === "Identifier" ? `${node.object.name}.${name}` : "";
      if (missingStatics.has(owner)) report(node, owner);
      // A property that is no method may have any name.
      else if (isCalled && missingMethods.has(name)) report(node, `.${name}`);
    },
    Identifier(node, _state, ancestors) {
      if (!missingGlobals.has(node.name) || isAskedFor(parentOf(ancestors))) return;
      if (!ancestors.some(isCaught)) report(node, node.name);
    },
  });
  return found;
}

/** Whether it is the block of a `try` with a `catch`, whose ReferenceError is expected. */
function isCaught(node: Node, index: number, ancestors: Node[]): boolean {
  const parent = ancestors[index - 1];
  return (
    parent?.type === "TryStatement" &&
    "handler" in parent &&
    Boolean(parent.handler) &&
    "block" in parent &&
    parent.block === node
  );
}

function isAskedFor(parent: Node | undefined): boolean {
  return parent?.type === "UnaryExpression" && "operator" in parent && parent.operator === "typeof";
}
