import { readFileSync } from "node:fs";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import dts from "rollup-plugin-dts";
import esbuild, { minify } from "rollup-plugin-esbuild";
import { minify as terser } from "terser";

const manifest = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));

// The oldest that the package runs in (B20). `?.` stays as it is: Chrome before 91 gets it wrong only where a spread follows,
// which test/package/floor.test.ts does not let pass.
const browsers = { target: ["chrome90", "firefox90", "safari15"], supported: { "optional-chain": true } };
const node = { target: "node20" };
const resolve = nodeResolve({ browser: true, extensions: [".js", ".ts"] });
// The compiler's own resolver would run first and miss engine.io-client's replacements for the browser.
const compile = (floor) => ({ ...esbuild(floor), resolveId: null });

// jwt-decode travels inside the UMD files, and its licence asks to be named there.
const banner = `/*! authsocket ${manifest.version}, MIT licence. Contains jwt-decode, Copyright (c) 2015 Auth0, Inc., MIT licence. */`;

// So do these in the testing part: which of them socket.io-client brings is its own matter.
const testingBanner = `/*! authsocket ${manifest.version}, MIT licence. Contains socket.io-parser, Copyright (c) 2014-present Guillermo Rauch and Socket.IO contributors, and @socket.io/component-emitter, Copyright (c) 2014 Component contributors, MIT licence. */`;

/** The files of entry points of the package, by name. What several of them hold is a file that they share. */
function moduleEntries(input, { floor = browsers, banner = "", tsconfig = "tsconfig.json" } = {}) {
  const files = (ending) => ({
    dir: "dist",
    entryFileNames: `[name].${ending}`,
    chunkFileNames: `shared-[name].${ending}`,
  });
  const external = [
    // What an entry needs of the main one it takes from there, so that both speak of the same types.
    manifest.name,
    ...Object.keys(manifest.dependencies),
    ...Object.keys(manifest.peerDependencies),
  ];
  return [
    {
      input,
      external,
      plugins: [resolve, compile(floor)],
      output: [
        { ...files("js"), format: "es", sourcemap: true, banner },
        { ...files("cjs"), format: "cjs", exports: "named", sourcemap: true, banner },
      ],
    },
    {
      input,
      external,
      plugins: [dts({ tsconfig, compilerOptions: { stripInternal: true } })],
      output: [
        { ...files("d.ts"), format: "es" },
        { ...files("d.cts"), format: "es" },
      ],
    },
  ];
}

const packageEntries = [
  ...moduleEntries({ authsocket: "src/client/index.ts", session: "src/client/index.session.ts" }),
  ...moduleEntries({ sources: "src/sources/index.ts" }),
  ...moduleEntries({ server: "src/server/index.ts" }, { floor: node }),
  ...moduleEntries({ testing: "src/testing/index.ts" }, { floor: node, banner: testingBanner }),
  ...moduleEntries(
    { react: "src/adapters/react.ts", vue: "src/adapters/vue.ts", svelte: "src/adapters/svelte.ts" },
    {
      // React's server components must not run hooks.
      banner: ({ name }) => (name === "react" ? '"use client";' : ""),
      tsconfig: "src/adapters/tsconfig.json",
    },
  ),
];

// After esbuild's minifier it takes off three bytes more of a hundred.
const minifyAgain = {
  name: "minify-again",
  renderChunk(code) {
    return terser(code, {
      ecma: 2020,
      compress: { passes: 3 },
      format: { comments: /^!/ },
      sourceMap: { asObject: true },
    });
  },
};

const scriptTag = {
  input: "src/client/index.ts",
  external: ["socket.io-client"],
  plugins: [resolve, compile(browsers)],
  output: ["authsocket.umd.js", "authsocket.umd.min.js"].map((file) => ({
    file: `dist/${file}`,
    format: "umd",
    name: "authsocket",
    globals: { "socket.io-client": "io" },
    exports: "named",
    sourcemap: true,
    banner,
    plugins: file.endsWith(".min.js") ? [minify({ ...browsers, legalComments: "inline" }), minifyAgain] : [],
  })),
};

// The pages are users of the package: "authsocket" is resolved through its own exports map, to what was just built.
const demoPages = [
  {
    input: "demo/pages/dashboard/index.ts",
    external: ["authsocket", "socket.io-client"],
    plugins: [resolve, compile(browsers)],
    output: {
      file: "demo/dist/dashboard.js",
      format: "iife",
      name: "dashboard",
      // What the script tags before it have brought.
      globals: { authsocket: "authsocket", "socket.io-client": "io" },
      exports: "named",
      sourcemap: true,
    },
  },
  {
    input: "demo/pages/spa/main.ts",
    plugins: [resolve, compile(browsers)],
    output: { file: "demo/dist/spa.js", format: "es", sourcemap: true },
  },
  {
    input: "demo/pages/openid/main.ts",
    plugins: [resolve, compile(browsers)],
    output: { file: "demo/dist/openid.js", format: "es", sourcemap: true },
  },
];

const warningsAreErrors = (level, log, handle) => handle(level === "warn" ? "error" : level, log);

export default [...packageEntries, scriptTag, ...demoPages].map((options) => ({
  ...options,
  onLog: warningsAreErrors,
}));
