/** What no node may have in its name: control characters, and those that Unicode keeps for private use or gives no meaning. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what ZooKeeper refuses
const REFUSED = /[\u0000-\u001f\u007f-\u009f\ud800-\uf8ff\ufff0-\uffff]/

/** What is wrong with the path of a node, by the rules of the servers; undefined if nothing is. */
export function pathProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return `it does not begin with '/'`
  if (path === '/') return undefined
  if (path.endsWith('/')) return `it ends with '/'`
  if (REFUSED.test(path)) return 'it has a character that ZooKeeper refuses'
  for (const name of path.slice(1).split('/')) {
    if (name === '') return 'it has an empty name'
    if (name === '.' || name === '..') return `it has the name '${name}'`
  }
  return undefined
}

/** Path of the node above; undefined for the root. */
export function parentPath(path: string): string | undefined {
  if (path === '/') return undefined
  const slash = path.lastIndexOf('/')
  return slash === 0 ? '/' : path.slice(0, slash)
}

export function childPath(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`
}
