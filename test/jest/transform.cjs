const { transformSync } = require("esbuild");

module.exports = {
  process(text, path) {
    return transformSync(text, {
      loader: "ts",
      format: "cjs",
      target: "node20",
      sourcefile: path,
      sourcemap: "inline",
    });
  },
};
