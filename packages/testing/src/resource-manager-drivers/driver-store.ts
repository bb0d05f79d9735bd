import {
  CoordinationConnectionLostError,
  EntryExistsError,
  EntryMissingError,
  EntryVersionError,
  LeadershipLostError,
  type VersionedEntry,
  type VersionedStore,
} from '@flink-ts/runtime'

type Token = ConstructorParameters<typeof LeadershipLostError>[0]['token']

/** What a coordination service keeps for the drivers of a cluster, from leader to leader, with the faults of one. */
export class DriverStore {
  readonly entries = new Map<string, VersionedEntry>()
  /** Operations in the order in which they happened. */
  readonly operations: string[] = []
  /** As many operations happen, or do not, and nobody hears of it. */
  outcomesToLose = 0
  /** Which of those that are lost happen. */
  happens: () => boolean = () => true
  #version = 0
  #term = 0

  /** The store of a new term: writes of the terms before are refused from now on. */
  lead(): VersionedStore {
    const term = ++this.#term
    const at = <T>(operation: string, isWrite: boolean, run: () => T): Promise<T> =>
      Promise.resolve().then(() => {
        if (isWrite && term !== this.#term) throw leadershipLost(operation)
        const isLost = this.outcomesToLose > 0
        if (isLost) {
          this.outcomesToLose--
          if (!this.happens()) throw connectionLost(operation)
        }
        this.operations.push(operation)
        const result = run()
        if (isLost) throw connectionLost(operation)
        return result
      })
    const { entries } = this
    return {
      pathOf: (name) => `/driver/${name}`,
      names: () => at('list', false, () => [...entries.keys()].sort()),
      get: (name) => at(`get ${name}`, false, () => entries.get(name)),
      versionOf: (name) => at(`look ${name}`, false, () => entries.get(name)?.version),
      create: (name, value) =>
        at(`create ${name}`, true, () => {
          if (entries.has(name)) throw new EntryExistsError(name)
          return this.put(name, value)
        }),
      replace: (name, value, version) =>
        at(`replace ${name}`, true, () => {
          this.#require(name, version)
          return this.put(name, value)
        }),
      remove: (name, version) =>
        at(`remove ${name}`, true, () => {
          this.#require(name, version)
          entries.delete(name)
        }),
    }
  }

  /** Somebody else has become the leader. */
  loseLeadership(): void {
    this.#term++
  }

  /** @returns the version of what was put */
  put(name: string, value: Uint8Array | string): number {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value
    this.entries.set(name, { value: Uint8Array.from(bytes), version: ++this.#version })
    return this.#version
  }

  /** The value of an entry, read as UTF-8; undefined if there is none. */
  text(name: string): string | undefined {
    const entry = this.entries.get(name)
    return entry && Buffer.from(entry.value).toString()
  }

  #require(name: string, expected: number): void {
    const found = this.entries.get(name)?.version
    if (found === undefined) throw new EntryMissingError(name)
    if (found !== expected) throw new EntryVersionError({ path: name, expected, found })
  }
}

function connectionLost(operation: string): Error {
  return new CoordinationConnectionLostError({ operation, client: 'test' })
}

function leadershipLost(operation: string): Error {
  const token = { leaderId: 'old', epoch: 1 } as unknown as Token
  return new LeadershipLostError({ operation, token, leader: 'unknown' })
}
