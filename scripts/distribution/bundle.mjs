// The packages of the workspace as few files that load fast: esbuild with one graph of shared chunks. Every entry
// point of every package stays where it was, so names and paths resolve as in the workspace, and there is one
// instance of each module, whoever imports it: a process, a task thread or a user's program.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'

import { build } from 'esbuild'

const require = createRequire(import.meta.url)

const SCOPE = '@flink-ts/'
const CHUNKS = 'chunks'

/** Packages that stay packages: they bring a program of their own. */
const EXTERNAL = ['esbuild']

/** `new URL('./worker.js', import.meta.url)`: a file that is started, not imported. */
const STARTED_FILE = /new URL\(\s*['"](\.{1,2}\/[^'"]+\.js)['"]\s*,\s*import\.meta\.url/g

function* scripts(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* scripts(path)
    else if (entry.name.endsWith('.js')) yield path
  }
}

/** Files of a package that somebody loads by name or path. */
function entryFiles({ folder, manifest, name }) {
  const files = new Set()
  for (const target of Object.values(manifest.exports)) {
    const path = typeof target === 'string' ? target : target.default
    if (path.endsWith('.js')) files.add(join(folder, path))
  }
  if (name === `${SCOPE}cli`) {
    for (const main of ['flink.js', 'yarn-session.js', 'mesos-appmaster.js', 'daemon-main.js'])
      files.add(join(folder, 'dist', main))
  }
  const mains = join(folder, 'dist', 'mains')
  if (existsSync(mains)) for (const main of scripts(mains)) files.add(main)
  for (const script of scripts(join(folder, 'dist'))) {
    for (const [, path] of readFileSync(script, 'utf8').matchAll(STARTED_FILE)) {
      files.add(join(script, '..', path))
    }
  }
  return files
}

/**
 * `import.meta.url` goes on meaning the module's own place below the packages, in whichever chunk its code ends up.
 * esbuild puts the name MODULE_URL for it; each module that asks defines that name from FILE_URL, its chunk's.
 */
const FILE_URL = '__fileUrl'
const MODULE_URL = '__moduleUrl'

function keepModuleUrls(packages) {
  return {
    name: 'keep-module-urls',
    setup({ onLoad }) {
      onLoad({ filter: /\.m?js$/ }, ({ path }) => {
        const code = readFileSync(path, 'utf8')
        if (!code.includes('import.meta.url')) return undefined
        const owner = packages.find(({ folder }) => path.startsWith(folder + sep))
        const url =
          owner === undefined
            ? FILE_URL
            : `${FILE_URL}.slice(0,${FILE_URL}.lastIndexOf("/${SCOPE}"))+${JSON.stringify(
                `/${owner.name}/${relative(owner.folder, path)}`,
              )}`
        // In front of the first line, so that the lines of the source map hold.
        return { contents: `const ${MODULE_URL}=${url};${code}`, loader: 'js' }
      })
    },
  }
}

/** The folder of the package that the file is in; undefined for our own. */
const packageFolder = (path) => /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]

/** Whether a script has imports or exports of its own. */
const isModule = (path) => /^(?:import|export)\b/m.test(readFileSync(path, 'utf8'))

/**
 * Most of what is `import()`ed are CommonJS packages. esbuild would give them a default export alone where Node names the others
 * too; and what stays a package loads 25 ms faster by `require`, which does not look for names first.
 */
const NAMES = 'names'
const NAME = /^(?!default$)[\p{ID_Start}$_][\p{ID_Continue}$]*$/u

/**
 * Third parties. What is installed for development alone is not there at run time: a `require` of it fails, as
 * those who try it expect. npm may install the same version once for each package of ours, when something for development
 * needs another: the first place stands for all.
 */
function thirdParties(closure) {
  const folders = new Set(closure.map(({ folder }) => folder))
  const places = new Map()
  for (const { folder, own, name, version } of closure) {
    const key = `${name}@${version}`
    if (!own && !places.has(key)) places.set(key, folder)
  }
  const firstPlaces = new Map(
    closure.map(({ folder, name, version }) => [folder, places.get(`${name}@${version}`)]),
  )
  return {
    name: 'third-parties',
    setup({ onLoad, onResolve, resolve }) {
      onResolve({ filter: /^[^./]/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
        if (pluginData === 'asked' || kind === 'entry-point') return undefined
        const isNamed = kind === 'dynamic-import'
        if (EXTERNAL.includes(path)) return isNamed ? { path, namespace: NAMES } : undefined
        const found = await resolve(path, { kind, importer, resolveDir, pluginData: 'asked' })
        const folder = found.errors.length > 0 ? undefined : packageFolder(found.path)
        if (found.external || folder === undefined) return undefined
        if (!folders.has(folder)) return { path, external: true }
        const first = firstPlaces.get(folder) ?? folder
        const place = first + found.path.slice(folder.length)
        if (isNamed && !isModule(place)) return { path: place, namespace: NAMES }
        return first === folder ? undefined : { path: place, sideEffects: found.sideEffects }
      })
      onLoad({ filter: /./, namespace: NAMES }, ({ path }) => {
        const names = Object.keys(require(path)).filter((name) => NAME.test(name))
        return {
          contents: `const all = require(${JSON.stringify(path)})
            export default all
            export const { ${names.join(', ')} } = all`,
          resolveDir: dirname(path),
        }
      })
    },
  }
}

/** Replaces `pattern` in what is loaded from `path`, which must be there. */
function without(path, pattern, replacement) {
  const code = readFileSync(path, 'utf8')
  const contents = code.replace(pattern, replacement)
  if (contents === code) throw new Error(`${path} has no ${pattern} any more`)
  return { contents }
}

/**
 * axios asks for the globals FormData and Request as it is loaded, for which Node loads the whole of undici: 15 ms of each
 * command. We send no forms of its own making, which would need a list of all types of files, ask through no proxies, and use its
 * adapter for Node's own HTTP.
 */
const leanAxios = {
  name: 'lean-axios',
  setup({ onLoad }) {
    onLoad({ filter: /\/axios\/lib\/adapters\/fetch\.js$/ }, () => ({
      contents: 'export const getFetch = () => undefined',
    }))
    onLoad({ filter: /\/axios\/lib\/utils\.js$/ }, ({ path }) =>
      without(path, /typeof G\.FormData [^;]*/, 'undefined'),
    )
    onLoad({ filter: /\/axios\/lib\/platform\/node\/classes\/FormData\.js$/ }, ({ path }) =>
      without(path, /import FormData from 'form-data'/, 'const FormData = undefined'),
    )
    onLoad({ filter: /\/axios\/lib\/adapters\/http\.js$/ }, ({ path }) =>
      without(
        path,
        /import HttpsProxyAgent from 'https-proxy-agent'/,
        'const HttpsProxyAgent = undefined',
      ),
    )
  },
}

/**
 * Writes the packages, with what they import, to `target` (a node_modules folder).
 *
 * @returns the folders of the third parties' packages whose code is inside
 */
export async function bundlePackages({ closure, target }) {
  const packages = closure.filter(({ own }) => own)
  const entryPoints = {}
  for (const pkg of packages) {
    for (const file of entryFiles(pkg)) {
      const place = `${pkg.name.slice(SCOPE.length)}/${relative(pkg.folder, file)}`
      entryPoints[place.replace(/\.js$/, '')] = file
    }
  }
  const { metafile } = await build({
    entryPoints,
    outdir: join(target, SCOPE),
    chunkNames: `${CHUNKS}/[name]-[hash]`,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // Names of classes are names of errors.
    keepNames: true,
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    external: EXTERNAL,
    // CommonJS inside finds Node's own modules by `require`.
    banner: {
      js: `import{createRequire as __createRequire}from'node:module';const ${FILE_URL}=import.meta.url,require=__createRequire(${FILE_URL});`,
    },
    define: { 'import.meta.url': MODULE_URL },
    plugins: [thirdParties(closure), leanAxios, keepModuleUrls(packages)],
    metafile: true,
    logLevel: 'warning',
  })
  const folders = new Set()
  for (const input of Object.keys(metafile.inputs)) {
    const folder = packageFolder(resolve(input))
    if (folder !== undefined) folders.add(folder)
  }
  return folders
}
