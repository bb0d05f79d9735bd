// Fails when a package uses a package of its own layer or a higher one, uses one that it does not declare,
// or when its TypeScript references differ from the dependencies it declares. Dynamic imports count.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const LAYERS = [
  ['core'],
  ['rpc', 'network', 'state', 'metrics', 'hadoop-rpc', 'mesos-client', 'zookeeper-client'],
  ['runtime', 'installation'],
  [
    'rest',
    'streaming',
    'resourcemanager-standalone',
    'resourcemanager-process',
    'resourcemanager-yarn',
    'resourcemanager-mesos',
    'filesystem-s3',
    'filesystem-webhdfs',
    'ha-zookeeper',
    'state-lsm',
    'state-tools',
  ],
  ['connector-files'],
  ['entrypoint', 'client'],
  ['cli', 'testing'],
  ['examples', 'dist'],
]

// Found at run time by name, so that a user may leave them out: the only ways up.
const SEAMS = { streaming: ['client'] }

// Of one layer: the leading master of Mesos is found through ZooKeeper.
const SAME_LAYER = { 'mesos-client': ['zookeeper-client'] }

const layerOf = (name) => LAYERS.findIndex((layer) => layer.includes(name))
const json = (path) => JSON.parse(readFileSync(path, 'utf8'))
const problems = []

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* sources(path)
    else if (/\.m?[tj]s$/.test(entry.name)) yield path
  }
}

for (const name of readdirSync('packages')) {
  if (!existsSync(`packages/${name}/package.json`)) continue
  if (layerOf(name) < 0) problems.push(`${name}: not in scripts/check-layers.mjs`)
  const manifest = json(`packages/${name}/package.json`)
  const declared = Object.keys(manifest.dependencies ?? {})
    .filter((dependency) => dependency.startsWith('@flink-ts/'))
    .map((dependency) => dependency.slice('@flink-ts/'.length))
  for (const dependency of declared) {
    if (SAME_LAYER[name]?.includes(dependency)) continue
    if (layerOf(dependency) >= layerOf(name)) problems.push(`${name}: must not use ${dependency}`)
  }
  const config = `packages/${name}/src/tsconfig.json`
  if (!existsSync(config)) continue
  const referenced = (json(config).references ?? []).map(({ path }) => path.split('/').at(-2))
  if (`${declared.sort()}` !== `${referenced.sort()}`) {
    problems.push(`${name}: references [${referenced}] differ from dependencies [${declared}]`)
  }
  for (const file of sources(`packages/${name}/src`)) {
    const text = readFileSync(file, 'utf8')
    for (const [, used, rest] of text.matchAll(
      /(?:from|import\()\s*['"]@flink-ts\/([a-z-]+)((?:\/[^'"]*)?)['"]/g,
    )) {
      if (used === name || SEAMS[name]?.includes(used)) continue
      if (!declared.includes(used))
        problems.push(`${file}: uses ${used}, which ${name} does not declare`)
      if (rest && !json(`packages/${used}/package.json`).exports?.[`.${rest}`]) {
        problems.push(`${file}: @flink-ts/${used}${rest} is not an entry point of ${used}`)
      }
    }
  }
}

for (const problem of problems) console.error(problem)
process.exit(problems.length === 0 ? 0 : 1)
