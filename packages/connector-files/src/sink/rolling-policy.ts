/** The part file that is being written into a bucket. */
export interface PartFileInfo {
  readonly bucketId: string
  /** About as many bytes have been written. */
  readonly sizeBytes: number
  readonly creationTimeMs: number
}

/**
 * Says when a part file has enough and the next one begins. Every part file ends with a checkpoint at the latest: one
 * that went on would be written by two processes when the first of them is only believed to be dead.
 */
export interface RollingPolicy {
  /** Asked after each element. */
  shouldRollOnEvent(part: PartFileInfo): boolean
}

/** One part file for each bucket and checkpoint. */
export const onCheckpointRollingPolicy: RollingPolicy = { shouldRollOnEvent: () => false }

/** As {@link onCheckpointRollingPolicy}, with part files of about `maxPartBytes` at the most. */
export function sizeRollingPolicy(maxPartBytes: number): RollingPolicy {
  if (!(maxPartBytes > 0)) {
    throw new RangeError(`Cannot roll part files at ${maxPartBytes} bytes: expected more than 0`)
  }
  return { shouldRollOnEvent: (part) => part.sizeBytes >= maxPartBytes }
}
