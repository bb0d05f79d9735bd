import { posix } from 'node:path'
import type {
  ResumeRecoverable,
  SinkWriter,
  SinkWriterContext,
  WriterInitContext,
} from '@flink-ts/core'
import { InvalidProgramError } from '@flink-ts/streaming'
import type { BucketAssigner, BucketAssignerContext } from './bucket-assigner.js'
import { PartFile } from './part-file.js'
import { newWriterUid, type PartNames } from './part-names.js'
import type { RollingPolicy } from './rolling-policy.js'

/** A part file that is complete and hidden. JSON. */
export interface FileSinkCommittable {
  readonly path: string
  readonly state: ResumeRecoverable
}

/** Which files a writer had begun. JSON. */
export interface FileWriterState {
  readonly uid: string
  /** Files from this number on belong to later checkpoints. */
  readonly nextPart: number
}

/** An element as what stands in the file, with its line end. */
export type Encoder<T> = (element: T) => string | Uint8Array

/** What writers of one sink have in common. */
export interface FileWriterOptions<T> {
  readonly basePath: string
  readonly encode: Encoder<T>
  readonly assignBucket: BucketAssigner<T>
  readonly rollingPolicy: RollingPolicy
  readonly names: PartNames
}

/** Bytes that wait for the file system before the writer asks its task to wait. */
const MAX_WAITING_BYTES = 1024 * 1024

/** Writes one subtask's part files: one at a time for each bucket, all of them closed with each checkpoint. */
export class FileWriter<T> implements SinkWriter<T, FileSinkCommittable, FileWriterState> {
  readonly #options: FileWriterOptions<T>
  readonly #world: WriterInitContext
  readonly #uid: string
  readonly #open = new Map<string, PartFile>()
  /** Complete, and not handed over yet. */
  #complete: { readonly part: PartFile; readonly committable: Promise<FileSinkCommittable> }[] = []
  #nextPart = 0
  #waitingBytes = 0
  #drained: { promise: Promise<void>; resolve: () => void } | undefined

  constructor(options: FileWriterOptions<T>, world: WriterInitContext) {
    this.#options = options
    this.#world = world
    this.#uid = newWriterUid(world)
  }

  write(element: T, context: SinkWriterContext): void {
    const { assignBucket, encode, rollingPolicy } = this.#options
    const bucketId = assignBucket(element, this.#bucketContext(context))
    const part = this.#open.get(bucketId) ?? this.#begin(bucketId)
    if (part.error !== undefined) throw part.error
    part.append(encode(element))
    const { sizeBytes, creationTimeMs } = part
    if (rollingPolicy.shouldRollOnEvent({ bucketId, sizeBytes, creationTimeMs })) {
      this.#complete.push(this.#completed(bucketId, part))
    }
  }

  whenWritable(): Promise<void> | undefined {
    return this.#waitingBytes >= MAX_WAITING_BYTES ? this.#whenDrained() : undefined
  }

  flush(): void {
    for (const part of this.#open.values()) part.flush()
  }

  async prepareCommit(): Promise<FileSinkCommittable[]> {
    for (const [bucketId, part] of this.#open) this.#complete.push(this.#completed(bucketId, part))
    const committables = await Promise.all(this.#complete.map(({ committable }) => committable))
    this.#complete = []
    return committables
  }

  snapshotState(): FileWriterState[] {
    return [{ uid: this.#uid, nextPart: this.#nextPart }]
  }

  /** Removes what no checkpoint knows. */
  async close(): Promise<void> {
    const unknown = [...this.#open.values(), ...this.#complete.map(({ part }) => part)]
    this.#open.clear()
    this.#complete = []
    await Promise.all(unknown.map((part) => part.discard()))
  }

  #begin(bucketId: string): PartFile {
    const { basePath, names } = this.#options
    const folder = bucketId === '' ? basePath : `${basePath}/${checkedBucket(bucketId)}`
    const path = `${folder}/${names.nameOf(this.#uid, this.#nextPart++)}`
    const { clock, fileSystems } = this.#world
    const part = new PartFile(fileSystems.forPath(path), path, clock.now(), (bytes) => {
      this.#waitingBytes += bytes
      if (this.#waitingBytes < MAX_WAITING_BYTES / 2) this.#resume()
    })
    this.#open.set(bucketId, part)
    return part
  }

  #completed(bucketId: string, part: PartFile) {
    this.#open.delete(bucketId)
    const committable = part.closeForCommit().then((state) => ({ path: part.path, state }))
    // Whoever hands it over learns of the failure; until then it is not unhandled.
    committable.catch(() => {})
    return { part, committable }
  }

  #bucketContext(context: SinkWriterContext): BucketAssignerContext {
    return {
      timestampMs: () => context.timestampMs(),
      currentWatermarkMs: () => context.currentWatermarkMs(),
      currentProcessingTimeMs: () => this.#world.clock.now(),
    }
  }

  #whenDrained(): Promise<void> {
    if (this.#drained === undefined) {
      let resolve!: () => void
      const promise = new Promise<void>((r) => {
        resolve = r
      })
      this.#drained = { promise, resolve }
    }
    return this.#drained.promise
  }

  #resume(): void {
    this.#drained?.resolve()
    this.#drained = undefined
  }
}

function checkedBucket(bucketId: string): string {
  const normal = posix.normalize(bucketId)
  if (normal === bucketId && !/^(\.\.?)?(\/|$)/.test(bucketId) && !bucketId.endsWith('/')) {
    return bucketId
  }
  throw new InvalidProgramError(
    `Cannot write into the bucket ${JSON.stringify(bucketId)}: expected a folder below the path of the sink, ` +
      "such as 'eu/orders'",
  )
}
