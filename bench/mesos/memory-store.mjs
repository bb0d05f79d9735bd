/** A `VersionedStore` that is gone with the process. */
export function memoryStore() {
  const entries = new Map()
  let version = 0
  const put = (name, value) => {
    entries.set(name, { value, version: ++version })
    return version
  }
  return {
    pathOf: (name) => name,
    names: async () => [...entries.keys()],
    get: async (name) => entries.get(name),
    versionOf: async (name) => entries.get(name)?.version,
    create: async (name, value) => put(name, value),
    replace: async (name, value) => put(name, value),
    remove: async (name) => void entries.delete(name),
  }
}
