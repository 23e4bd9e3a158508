// The documentation site: `npm run docs:build` writes it to docs/.vitepress/dist, `npm run docs` serves it while it is edited.
// A link that leads nowhere fails the build, which is VitePress's default.
const pages = (...entries) => entries.map(([text, page]) => ({ text, link: `/${page}` }));

export default {
  title: "authsocket",
  description: "Keeps a Socket.IO connection authenticated",
  cleanUrls: true,
  // Other papers of the project are shown where they are, by an include.
  srcExclude: ["node_modules/**"],
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    sidebar: [
      {
        text: "Guide",
        items: pages(
          ["Get started", "getting-started"],
          ["Sessions and tokens", "sessions-and-tokens"],
          ["Connections", "connections"],
          ["The refresh endpoint", "refresh-endpoint"],
          ["The demo", "demo"],
        ),
      },
      {
        text: "Use it with",
        items: pages(
          ["Servers", "servers"],
          ["Identity providers", "identity-providers"],
          ["Frameworks", "frameworks"],
          ["Test your app", "testing"],
          ["Compatibility", "compatibility"],
          ["Browsers", "browsers"],
        ),
      },
      {
        text: "When something is wrong",
        items: pages(["Troubleshooting", "troubleshooting"], ["Security", "security"]),
      },
      {
        text: "How it works",
        items: pages(
          ["The protocol", "protocol"],
          ["Architecture", "architecture"],
          ["Rules and traps", "rules"],
          ["Benchmarks", "benchmarks"],
        ),
      },
    ],
  },
};
