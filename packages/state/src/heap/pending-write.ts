/** A list or map that is too long to be written within one access: a snapshot writes it by and by. */
export interface PendingWrite {
  /** Writes the next part. @returns whether all is written */
  step(): boolean
  /** Of maps: writes the entry of this key, if there is one that is not written; it is about to be accessed. */
  beforeAccess(mapKey: unknown): void
}
