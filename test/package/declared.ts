import { join } from "node:path";
import ts from "typescript";
import { readProject } from "./compile.ts";
import { root } from "./tarball.ts";

const file = join(root, "dist/authsocket.d.ts");
const program = ts.createProgram([file], readProject("test/types/tsconfig.json").options);
const checker = program.getTypeChecker();

function typeOf(name: string): ts.Type {
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  const exported = module && checker.getExportsOfModule(module).find((symbol) => symbol.name === name);
  if (!exported) throw new Error(`the package exports no type ${name}`);
  const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
  return checker.getDeclaredTypeOfSymbol(symbol);
}

const members = (type: ts.Type): ts.Type[] => (type.isUnion() ? type.types : [type]);

/** The names of a shipped type's properties; of a union, those of all its members that can hold a value. */
export function declaredProperties(name: string): string[] {
  const properties = members(typeOf(name)).flatMap((member) => checker.getPropertiesOfType(member));
  const usable = properties.filter((property) => {
    const types = members(checker.getTypeOfSymbol(property));
    return !types.every(({ flags }) => flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Never));
  });
  return [...new Set(usable.map((property) => property.name))];
}

/** The texts that a shipped union admits, or those of one property of its members. */
export function declaredLiterals(name: string, property?: string): string[] {
  const types = members(typeOf(name)).flatMap((member) => {
    const symbol = property === undefined ? undefined : checker.getPropertyOfType(member, property);
    return members(symbol ? checker.getTypeOfSymbol(symbol) : member);
  });
  return [...new Set(types.flatMap((type) => (type.isStringLiteral() ? [type.value] : [])))];
}
