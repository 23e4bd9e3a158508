import ts from "typescript";

/**
 * The public surface of an entry point by its built declarations: without comments and private members, and in the order of
 * the names, so that it differs from the last one where what users can see differs.
 */
export function apiReport(declarations: string): string {
  const source = ts.createSourceFile("declarations.d.ts", declarations, ts.ScriptTarget.Latest, true);
  const printer = ts.createPrinter({ removeComments: true });
  const { transformed } = ts.transform(source, [withoutPrivateMembers]);
  const printed = source.statements.map((statement, index) => ({
    kind: ts.isImportDeclaration(statement) ? 0 : ts.isExportDeclaration(statement) ? 2 : 1,
    name: nameOf(statement),
    text: ts.isExportDeclaration(statement)
      ? sortedExports(statement)
      : printer.printNode(ts.EmitHint.Unspecified, transformed[0]?.statements[index] ?? statement, source),
  }));
  printed.sort((a, b) => a.kind - b.kind || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return `${printed.map(({ text }) => text.trim()).join("\n\n")}\n`;
}

const withoutPrivateMembers: ts.TransformerFactory<ts.SourceFile> = (context) => (file) => {
  const visit = (node: ts.Node): ts.Node | undefined =>
    ts.isClassElement(node) && node.name && ts.isPrivateIdentifier(node.name)
      ? undefined
      : ts.visitEachChild(node, visit, context);
  return ts.visitEachChild(file, visit, context);
};

function nameOf(statement: ts.Statement): string {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations[0]?.name.getText() ?? "";
  const { name } = statement as ts.Statement & { name?: ts.Node };
  return name?.getText() ?? statement.getText();
}

function sortedExports({ exportClause, moduleSpecifier, isTypeOnly }: ts.ExportDeclaration): string {
  const names =
    exportClause && ts.isNamedExports(exportClause)
      ? exportClause.elements.map((element) => element.getText()).sort()
      : ["*"];
  const from = moduleSpecifier ? ` from ${moduleSpecifier.getText()}` : "";
  return `export ${isTypeOnly ? "type " : ""}{\n${names.map((name) => `  ${name},\n`).join("")}}${from};`;
}
