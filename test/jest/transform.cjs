const { transformSync } = require("esbuild");

module.exports = {
  process(text, path) {
    return transformSync(text, {
      loader: path.endsWith("x") ? "tsx" : "ts",
      jsx: "automatic",
      format: "cjs",
      target: "node20",
      sourcefile: path,
      sourcemap: "inline",
    });
  },
};
