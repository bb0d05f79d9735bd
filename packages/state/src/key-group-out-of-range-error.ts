import { FlinkError, type KeyGroupRange } from '@flink-ts/core'

/** A record reached a subtask that does not own its key: its key is not the same in every thread. */
export class KeyGroupOutOfRangeError extends FlinkError {
  readonly keyGroup: number
  readonly range: KeyGroupRange

  constructor(key: unknown, keyGroup: number, range: KeyGroupRange) {
    super(
      `Cannot access state for key ${describe(key)}: its key group ${keyGroup} is not among ${range.start} to ${range.end}, which this subtask owns; a key selector must answer the same key for the same record every time, and the key must not be changed`,
      { code: 'FLINK_KEY_GROUP_OUT_OF_RANGE' },
    )
    this.keyGroup = keyGroup
    this.range = range
  }
}

function describe(key: unknown): string {
  if (typeof key === 'string') return JSON.stringify(key.slice(0, 100))
  return typeof key === 'object' ? `of type ${key?.constructor?.name ?? 'object'}` : String(key)
}
