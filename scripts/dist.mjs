// `npm run dist [-- --out FOLDER --no-build]`: installs and builds if needed and assembles one folder that runs from any path with
// nothing but Node: bin/, conf/, docker/, examples/, lib/ with the packages and their production dependencies. No links.
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { build, ensureInstalled, ROOT } from './prepare.mjs'

const USAGE = `Usage: npm run dist [-- [--out FOLDER] [--no-build]]
  --out FOLDER  where to (default build/flink-ts); an earlier distribution there is replaced
  --no-build    takes what is built already`

/** Bundled packages and those that stay packages, seen from here: all that the commands and processes load. */
const ROOTS = [
  '@flink-ts/cli',
  '@flink-ts/connector-files',
  // Loaded by the schemes of paths.
  '@flink-ts/filesystem-s3',
  '@flink-ts/filesystem-webhdfs',
  '@flink-ts/zookeeper-client',
  '@flink-ts/ha-zookeeper',
  // Loaded by the target, and in containers.
  '@flink-ts/resourcemanager-yarn',
  '@flink-ts/resourcemanager-mesos',
  // Loaded by `state.backend.type`.
  '@flink-ts/state-lsm',
]

const EXAMPLE_SOURCE = /\.ts$/
const LICENSE = /^(?:licen[cs]e|notice|copying|authors|third-?party)/i

/** Not needed to run esbuild: another copy of its program, and what npm runs. */
const ESBUILD_LEFT_OUT = /^(?:bin\/esbuild|install\.js|lib\/.*\.d\.ts)$/

function options(words) {
  const given = { out: join(ROOT, 'build', 'flink-ts'), build: true }
  for (let i = 0; i < words.length; i++) {
    if (words[i] === '--out' && words[i + 1] !== undefined) given.out = resolve(words[++i])
    else if (words[i] === '--no-build') given.build = false
    else {
      console.error(`Unknown option ${words[i]}.\n${USAGE}`)
      process.exit(1)
    }
  }
  return given
}

export function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* files(path)
    else yield path
  }
}

/** A new folder takes the place of an earlier distribution, and of nothing else. */
function replace(folder, out) {
  if (existsSync(out)) {
    if (readdirSync(out).length > 0 && !existsSync(join(out, 'bin', 'flink'))) {
      throw new Error(`${out} is there and is no flink-ts installation: it is left alone`)
    }
    rmSync(out, { recursive: true })
  }
  renameSync(folder, out)
}

function copyExamples(to) {
  const from = join(ROOT, 'packages', 'examples')
  mkdirSync(to, { recursive: true })
  for (const name of readdirSync(join(from, 'src'))) {
    if (EXAMPLE_SOURCE.test(name)) copyFileSync(join(from, 'src', name), join(to, name))
  }
  cpSync(join(from, 'data'), join(to, 'data'), { recursive: true })
}

/** The manifest of a package of ours: what resolving needs, and the versions of what it was built with. */
function runtimeManifest({ name, version, type, license, exports: entries, dependencies }) {
  const runtime = Object.fromEntries(
    Object.entries(entries).map(([key, value]) => [key, value.default ?? value]),
  )
  return { name, version, type, license, exports: runtime, dependencies }
}

function copyPackage(pkg, to, leftOut) {
  for (const file of files(pkg.folder)) {
    const path = relative(pkg.folder, file)
    if (path.startsWith('node_modules/') || leftOut.test(path)) continue
    mkdirSync(dirname(join(to, path)), { recursive: true })
    copyFileSync(file, join(to, path))
  }
}

/** One text with the license files of every package whose code is in the chunks. */
function licenses(packages) {
  const parts = packages.map(({ name, version, folder, manifest }) => {
    const texts = readdirSync(folder)
      .filter((file) => LICENSE.test(file))
      .sort()
      .map((file) => readFileSync(join(folder, file), 'utf8').trim())
    const text = texts.length > 0 ? texts.join('\n\n') : `License: ${manifest.license}`
    return `${name} ${version}\n\n${text}\n`
  })
  const rule = `\n${'-'.repeat(80)}\n\n`
  return `lib/ contains code of these packages.\n${rule}${parts.join(rule)}`
}

async function assemble(folder) {
  const { productionClosure } = await import('./distribution/closure.mjs')
  const { bundlePackages } = await import('./distribution/bundle.mjs')
  const closure = productionClosure(ROOT, ROOTS)
  const own = closure.filter((pkg) => pkg.own)

  for (const name of ['bin', 'conf', 'docker']) {
    // The secret of a cluster that ran from here is not for others.
    const filter = (path) => !basename(path).includes('cluster-secret')
    cpSync(join(ROOT, name), join(folder, name), { recursive: true, filter })
  }
  for (const name of ['LICENSE', 'README.md']) {
    if (existsSync(join(ROOT, name))) copyFileSync(join(ROOT, name), join(folder, name))
  }
  copyExamples(join(folder, 'examples'))

  const modules = join(folder, 'lib', 'node_modules')
  const bundled = await bundlePackages({ closure, target: modules })
  for (const pkg of own) {
    const text = JSON.stringify(runtimeManifest(pkg.manifest), null, 2)
    writeFileSync(join(modules, pkg.name, 'package.json'), `${text}\n`)
  }
  for (const pkg of closure) {
    if (!/^(?:@esbuild\/|esbuild$)/.test(pkg.place)) continue
    copyPackage(pkg, join(modules, pkg.place), pkg.name === 'esbuild' ? ESBUILD_LEFT_OUT : /$^/)
  }
  const foreign = closure.filter((pkg) => !pkg.own && bundled.has(pkg.folder))
  writeFileSync(join(folder, 'lib', 'THIRD-PARTY-LICENSES.txt'), licenses(foreign))
}

const { out, build: builds } = options(process.argv.slice(2))
if (builds) {
  ensureInstalled()
  build({ tests: false })
}

const temporary = join(dirname(out), `.${basename(out)}-${process.pid}`)
try {
  mkdirSync(temporary, { recursive: true })
  await assemble(temporary)
  replace(temporary, out)
} catch (error) {
  rmSync(temporary, { recursive: true, force: true })
  console.error(`No distribution was made: ${error.message}`)
  process.exit(1)
}

const sizes = [...files(out)].map((file) => statSync(file).size)
const bytes = sizes.reduce((a, b) => a + b, 0)
console.log(
  `${relative(process.cwd(), out) || out}: ${sizes.length} files, ${(bytes / 1e6).toFixed(1)} MB`,
)
