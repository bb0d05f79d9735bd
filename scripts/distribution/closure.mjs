// Which installed packages an installation needs at run time: a walk over package.json files, found as Node finds them.
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'

/** Declared by others for their types alone: nothing imports them at run time. */
const TYPES_ONLY = /^(?:@types\/|undici-types$)/

export const readManifest = (folder) =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

/** The folder that `name` means for a module in `from`; undefined if it is not installed. */
function find(name, from, root) {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name)
    if (existsSync(join(candidate, 'package.json'))) return candidate
    if (folder === root) return undefined
  }
}

/**
 * Everything that the packages `names` of the workspace `root` need, themselves included, sorted by place.
 * Optional dependencies count if they are installed; development and types-only packages do not.
 *
 * @returns name, version, folder (links resolved), whether it is ours, and `place`: where below a
 *   node_modules folder it belongs so that the others find it
 */
export function productionClosure(root, names) {
  const packages = new Map()
  const visit = (link) => {
    const folder = realpathSync(link)
    if (packages.has(folder)) return
    const manifest = readManifest(folder)
    const own = !folder.split(sep).includes('node_modules')
    packages.set(folder, {
      name: manifest.name,
      version: manifest.version,
      folder,
      own,
      place: placeOf(root, folder, packages),
      manifest,
    })
    const optional = { ...manifest.optionalDependencies, ...optionalPeers(manifest) }
    for (const name of Object.keys({ ...manifest.dependencies, ...optional }).sort()) {
      if (TYPES_ONLY.test(name)) continue
      const found = find(name, folder, root)
      if (found !== undefined) visit(found)
      else if (!Object.hasOwn(optional, name)) {
        throw new Error(`${name}, which ${manifest.name} needs, is not installed: run npm ci`)
      }
    }
  }
  for (const name of names) visit(join(root, 'node_modules', name))
  return [...packages.values()].sort((a, b) => (a.place < b.place ? -1 : 1))
}

function optionalPeers(manifest) {
  const meta = manifest.peerDependenciesMeta ?? {}
  return Object.fromEntries(
    Object.entries(manifest.peerDependencies ?? {}).filter(([name]) => meta[name]?.optional),
  )
}

/** `node_modules/a/node_modules/b` stays so; a package of the workspace goes where its link is. */
function placeOf(root, folder, packages) {
  const path = relative(root, folder).split(sep)
  if (path[0] === 'node_modules') return path.slice(1).join('/')
  const nested = path.indexOf('node_modules')
  if (nested < 0) return readManifest(folder).name
  const parent = packages.get(join(root, ...path.slice(0, nested)))
  return [parent.place, ...path.slice(nested)].join('/')
}
