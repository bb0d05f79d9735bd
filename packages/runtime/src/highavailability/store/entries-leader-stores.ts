import { NamespacedLeaderStores } from './namespaced-leader-stores.js'
import type { VersionedEntries } from './versioned-entries.js'
import type { VersionedStore } from './versioned-store.js'

/** Carries an operation to where the entries are; `operation` describes it in errors. */
export interface EntriesAccess {
  read<T>(operation: string, run: (entries: VersionedEntries) => T): Promise<T>
  /** Rejects with `LeadershipLostError` if the term is over when the operation arrives. */
  write<T>(operation: string, run: (entries: VersionedEntries) => T): Promise<T>
}

/** The stores of one term of leadership over {@link VersionedEntries}. */
export class EntriesLeaderStores extends NamespacedLeaderStores {
  constructor(access: EntriesAccess) {
    super({
      namespace: (namespace) => storeOf(access, namespace),
      removeNamespace: (namespace) =>
        access.write(`remove ${namespace}`, (entries) => entries.removeAll(namespace)),
    })
  }
}

function storeOf(access: EntriesAccess, namespace: string): VersionedStore {
  const pathOf = (name: string) => `${namespace}/${name}`
  return {
    pathOf,
    names: () => access.read(`list ${namespace}`, (entries) => entries.names(namespace)),
    get: (name) => access.read(`read ${pathOf(name)}`, (entries) => entries.get(namespace, name)),
    versionOf: (name) =>
      access.read(`look for ${pathOf(name)}`, (entries) => entries.versionOf(namespace, name)),
    create: (name, value) =>
      access.write(`create ${pathOf(name)}`, (entries) => entries.create(namespace, name, value)),
    replace: (name, value, version) =>
      access.write(`replace ${pathOf(name)}`, (entries) =>
        entries.replace(namespace, name, value, version),
      ),
    remove: (name, version) =>
      access.write(`remove ${pathOf(name)}`, (entries) => entries.remove(namespace, name, version)),
  }
}
