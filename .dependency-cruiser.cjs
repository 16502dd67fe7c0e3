/** The house rules: which folder may import which. A folder that is not named here may import nothing of ours. */
const FOLDERS =
  'adapters|audit|bench|broker|certs|console|core|directory|examples|identity|pipeline|routes|schemas|store';

/** Folder: what of ours it may import, besides itself. */
const MAY_IMPORT = {
  core: [],
  schemas: ['core'],
  certs: ['core'],
  audit: ['core'],
  store: ['core'],
  directory: ['core', 'schemas'],
  identity: ['core', 'schemas'],
  broker: ['core'],
  pipeline: ['core', 'schemas'],
  routes: ['core', 'schemas', 'certs', 'audit'],
  console: ['core', 'schemas', 'certs', 'audit'],
};

/** Package: the one place that knows it. */
const ONE_HOME = {
  express: '^(routes|console)/',
  amqplib: '^broker/rabbitmq/',
  pg: '^store/postgres/',
  ioredis: '^store/redis/',
  '@duckdb/node-api': '^pipeline/',
  'node-forge': '^certs/pkcs12',
  jose: '^identity/',
  'libxml2-wasm': '^schemas/',
  ajv: '^schemas/',
  undici: '^(routes|examples)/',
  'prom-client': '^(routes/operations/|hub)',
  pino: '^routes/operations/',
  commander: '^cli',
};

const folderRules = Object.entries(MAY_IMPORT).map(([folder, allowed]) => ({
  name: `${folder}-imports`,
  severity: 'error',
  comment: `${folder}/ may import ${allowed.join(', ') || 'nothing of ours'}`,
  from: { path: `^${folder}/` },
  to: {
    path: `^(${FOLDERS})/|^(hub|cli|config)\\.ts$`,
    pathNot: `^(${[folder, ...allowed].join('|')})/`,
  },
}));

const packageRules = Object.entries(ONE_HOME).map(([name, home]) => ({
  name: `${name.replace(/\W/g, '-')}-home`,
  severity: 'error',
  comment: `only ${home} knows ${name}`,
  from: { path: `^(${FOLDERS})/|^(hub|cli|config)`, pathNot: home },
  to: { path: `^node_modules/${name.replace('/', '\\/')}/` },
}));

module.exports = {
  forbidden: [
    ...folderRules,
    ...packageRules,
    {
      name: 'adapters-know-no-other-adapter',
      severity: 'error',
      comment: 'an adapter imports core, schemas, adapter.ts and itself',
      from: { path: '^adapters/([^/]+)/' },
      to: {
        path: `^(${FOLDERS})/|^(hub|cli|config)\\.ts$`,
        pathNot: '^adapters/$1/|^adapters/adapter\\.ts$|^(core|schemas)/',
      },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'nothing-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
