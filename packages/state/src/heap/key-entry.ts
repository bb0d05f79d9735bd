/** Everything that one key has: one lookup serves all states of the operator. */
export class KeyEntry {
  readonly key: unknown
  readonly keyGroup: number
  /** By the number of the state; undefined where the key has no value. */
  readonly values: unknown[] = []

  constructor(key: unknown, keyGroup: number) {
    this.key = key
    this.keyGroup = keyGroup
  }
}
