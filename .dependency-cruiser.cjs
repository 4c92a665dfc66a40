// The architecture as rules (docs/design/architecture.md): imports go down only, and each rule says why.
const only = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });

/** Folders of each level; a folder may import lower levels and itself. */
const level = {
  0: ["lib", "schemas"],
  1: ["core", "grpc", "observe"],
  2: ["endpoints", "providers", "metering", "ratelimit", "budgets", "resources", "mocks"],
  3: ["config", "planning"],
  4: ["extproc", "envoy", "xds", "admin"],
  5: ["cli"],
};

const path = (folders) => `^src/(?:${folders.join("|")})/`;

function upward() {
  const rules = [];
  for (const [number, folders] of Object.entries(level)) {
    const above = Object.entries(level)
      .filter(([other]) => Number(other) > Number(number))
      .flatMap(([, names]) => names);
    if (above.length > 0) {
      rules.push(
        only(
          `level-${number}-imports-up`,
          "imports go down only, so that a lower part can be understood and tested without the higher ones",
          { path: path(folders) },
          { path: [path(above), "^src/main\\.ts$"] },
        ),
      );
    }
  }
  return rules;
}

/** Folders of one level do not know each other. */
function sideways(folders, comment) {
  return folders.map((folder) =>
    only(
      `${folder}-imports-sibling`,
      comment,
      { path: path([folder]) },
      { path: path(folders.filter((other) => other !== folder)) },
    ),
  );
}

module.exports = {
  forbidden: [
    ...upward(),
    ...sideways(level[2], "the parts of level 2 are joined by planning, extproc and cli, never by each other"),
    ...sideways(level[4], "the parts of level 4 talk to different peers and are joined in cli only"),
    only(
      "extproc-imports-registry",
      "level 4 is given providers and endpoints; only cli knows the registries",
      { path: "^src/(?:extproc|envoy|xds|admin|planning|config)/" },
      { path: "^src/(?:providers|endpoints)/" },
    ),
    only(
      "config-imports-code-of-level-2",
      "configuration is compiled with functions passed in",
      { path: "^src/config/" },
      { path: "^src/(?:metering|ratelimit|budgets|mocks)/", dependencyTypesNot: ["type-only"] },
    ),
    only(
      "provider-names-sibling",
      "a provider knows itself and providers/common; only the registry names siblings",
      { path: "^src/providers/([^/]+)/", pathNot: "^src/providers/common/" },
      { path: "^src/providers/(?!common/)[^/]+/", pathNot: "^src/providers/$1/" },
    ),
    only(
      "common-names-provider",
      "what providers share must not depend on one of them",
      { path: "^src/providers/common/" },
      { path: "^src/providers/(?!common/)" },
    ),
    only(
      "redis-outside-stores",
      "ioredis is a detail of the stores",
      { path: "^src/", pathNot: "/stores/" },
      { path: "node_modules/ioredis" },
    ),
    only(
      "grpc-outside-grpc",
      "nothing above the transport seam knows which gRPC implementation serves",
      { path: "^src/", pathNot: "^src/grpc/" },
      { path: "node_modules/@grpc/" },
    ),
    only(
      "io-in-the-core",
      "files, sockets and processes are at the edge; everything else is data in, data out",
      { path: "^src/", pathNot: "^src/(?:cli|grpc|admin|mocks)/|/stores/|^src/config/load\\.ts$" },
      { path: "^(?:node:)?(?:fs|fs/promises|http|https|http2|child_process|tls|dgram)$" },
    ),
    only(
      "net-in-the-core",
      "of node:net only the pure address functions are for everybody",
      { path: "^src/", pathNot: "^src/(?:cli|grpc|admin|mocks|envoy|config|planning)/|/stores/" },
      { path: "^(?:node:)?net$" },
    ),
    only("imports-main", "main.ts is where it starts; nothing imports it", {}, { path: "^src/main\\.ts$" }),
    only("cycle", "a cycle is one part pretending to be several", {}, { circular: true }),
    only(
      "orphan",
      "a file that nothing imports is dead or misplaced",
      { orphan: true, pathNot: "^src/main\\.ts$" },
      {},
    ),
    only("test-code-in-src", "the product does not depend on its tests", { path: "^src/" }, { path: "^test/" }),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default"] },
  },
};
