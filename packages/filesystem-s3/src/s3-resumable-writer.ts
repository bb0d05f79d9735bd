import {
  FileNotFoundError,
  FileSystemError,
  type Random,
  type RecoverableOutputStream,
  type ResumableWriter,
  type ResumeRecoverable,
} from '@flink-ts/core'
import { PartUploader } from './part-uploader.js'
import { type S3Location, s3LocationOf } from './s3-location.js'
import type { S3Objects, UploadedPart } from './s3-objects.js'

/**
 * Numbers of parts that are left out by who goes on, at least: a writer that was given up may not know it and upload more parts
 * under the numbers that follow.
 */
const MIN_GAP = 50

interface State {
  readonly target: string
  readonly uploadId: string
  /** Unique for this file; in its metadata, and in the names of what is kept beside it. */
  readonly writer: string
  readonly parts: readonly UploadedPart[]
  /** Key of an object with what was written behind the parts: too little for one. */
  readonly tail: string | null
  readonly positionBytes: number
}

/**
 * Writes by uploads in parts, which become visible when they are completed: there is nothing to rename. What is too little
 * for a part is kept in a hidden object beside the target until the commit. Parts of an upload can neither be read nor copied: a
 * file that has some is recovered under its own name only, and until somebody has committed it; there is no `keep`.
 */
export class S3ResumableWriter implements ResumableWriter {
  readonly #objects: S3Objects
  readonly #random: Random
  readonly #partSizeBytes: number

  constructor(objects: S3Objects, options: { random: Random; partSizeBytes: number }) {
    this.#objects = objects
    this.#random = options.random
    this.#partSizeBytes = options.partSizeBytes
  }

  async open(path: string): Promise<RecoverableOutputStream> {
    const location = s3LocationOf(path)
    const writer = this.#random.uuid()
    const uploadId = await this.#objects.createUpload(location, writer)
    return this.#stream({
      target: location.path,
      uploadId,
      writer,
      parts: [],
      tail: null,
      positionBytes: 0,
    })
  }

  async recover(given: ResumeRecoverable, path?: string): Promise<RecoverableOutputStream> {
    const state = parseState(given)
    if (path !== undefined && state.parts.length === 0) return this.#copied(state, path)
    if (path !== undefined && s3LocationOf(path).path !== state.target) {
      throw new FileSystemError(
        `Cannot go on with ${state.target} in ${path}: it has parts of an upload, which S3 can neither read nor copy; leave the path as it was`,
        { path },
      )
    }
    const location = s3LocationOf(state.target)
    const found = await this.#objects.listParts(location, state.uploadId)
    if (found === undefined) throw new FileNotFoundError(state.target)
    const etags = new Map(found.map(({ number, etag }) => [number, etag]))
    const lost = state.parts.find(({ number, etag }) => etags.get(number) !== etag)
    if (lost !== undefined) {
      throw new FileSystemError(
        `Cannot go on with ${state.target}: part ${lost.number} of its upload is not what was persisted`,
        { path: state.target },
      )
    }
    return this.#stream(state, {
      held: await this.#readTail(state),
      nextNumber: (state.parts.at(-1)?.number ?? 0) + MIN_GAP + this.#random.nextInt(MIN_GAP),
    })
  }

  async commit(given: ResumeRecoverable): Promise<void> {
    const state = parseState(given)
    const location = s3LocationOf(state.target)
    const options = { writer: state.writer, exclusive: false }
    try {
      const tail = await this.#readTail(state)
      if (state.parts.length === 0) {
        // Less than a part, or nothing: an upload needs a part, and without one there is nothing to keep it for.
        const isOpen = await this.#objects.listParts(location, state.uploadId)
        if (isOpen === undefined) throw new FileNotFoundError(state.target)
        await this.#objects.put(location, tail, options)
      } else {
        const last = state.parts.at(-1)!.number + 1
        const more =
          tail.length === 0
            ? []
            : [
                await this.#objects.uploadPart(location, state.uploadId, {
                  number: last,
                  bytes: tail,
                }),
              ]
        const parts = [...state.parts, ...more]
        await this.#objects.completeUpload(location, state.uploadId, parts, options)
      }
    } catch (error) {
      if (!(error instanceof FileNotFoundError)) throw error
      if ((await this.#objects.head(location))?.writer !== state.writer) throw error
      // It was committed before.
    }
    await this.cleanup(state as unknown as ResumeRecoverable)
  }

  async cleanup(given: ResumeRecoverable): Promise<void> {
    const { target, uploadId, writer } = parseState(given)
    const location = s3LocationOf(target)
    await this.#objects.abortUpload(location, uploadId)
    await this.#objects.deleteBelow(location, tailPrefix(location, writer))
  }

  async #copied(state: State, path: string): Promise<RecoverableOutputStream> {
    const held = await this.#readTail(state)
    const location = s3LocationOf(path)
    const writer = this.#random.uuid()
    const uploadId = await this.#objects.createUpload(location, writer)
    const { positionBytes } = state
    const begun = { target: location.path, uploadId, writer, parts: [], tail: null, positionBytes }
    return this.#stream(begun, { held })
  }

  async #readTail({ tail, target }: State): Promise<Uint8Array> {
    if (tail === null) return new Uint8Array(0)
    const location = { ...s3LocationOf(target), key: tail }
    const found = await this.#objects.head(location)
    if (found === undefined) throw new FileNotFoundError(target)
    return this.#objects.read(location, { position: 0, length: found.sizeBytes })
  }

  #stream(
    state: State,
    recovered: { readonly held?: Uint8Array; readonly nextNumber?: number } = {},
  ): RecoverableOutputStream {
    const location = s3LocationOf(state.target)
    const parts = new PartUploader({
      objects: this.#objects,
      location,
      partSizeBytes: this.#partSizeBytes,
      begin: async () => state.uploadId,
      parts: state.parts,
      ...recovered,
    })
    return new S3RecoverableStream(this.#objects, location, {
      state,
      streamId: this.#random.uuid(),
      parts,
      cleanup: () => this.cleanup({ ...state }),
    })
  }
}

class S3RecoverableStream implements RecoverableOutputStream {
  readonly #objects: S3Objects
  readonly #location: S3Location
  readonly #state: State
  /** Another stream for the same file has another one. */
  readonly #streamId: string
  readonly #parts: PartUploader
  readonly #cleanup: () => Promise<void>

  constructor(
    objects: S3Objects,
    location: S3Location,
    options: {
      state: State
      streamId: string
      parts: PartUploader
      cleanup: () => Promise<void>
    },
  ) {
    this.#objects = objects
    this.#location = location
    this.#state = options.state
    this.#streamId = options.streamId
    this.#parts = options.parts
    this.#cleanup = options.cleanup
  }

  get positionBytes(): bigint {
    return BigInt(this.#parts.positionBytes)
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#parts.write(bytes)
  }

  async persist(): Promise<ResumeRecoverable> {
    const { positionBytes } = this.#parts
    const held = this.#parts.held()
    const parts = await this.#parts.uploaded()
    const { writer } = this.#state
    const name = `${tailPrefix(this.#location, writer)}${this.#streamId}.${positionBytes}`
    const tail = held.length === 0 ? null : name
    if (tail !== null) {
      const options = { writer, exclusive: false }
      await this.#objects.put({ ...this.#location, key: tail }, held, options)
    }
    return { ...this.#state, parts, tail, positionBytes }
  }

  async closeForCommit(): Promise<ResumeRecoverable> {
    const { positionBytes } = this.#parts
    const parts = await this.#parts.finish()
    return { ...this.#state, parts, tail: null, positionBytes }
  }

  async discard(): Promise<void> {
    await this.#parts.settle()
    await this.#cleanup()
  }
}

/** What the hidden objects of a file begin with. */
function tailPrefix({ key }: S3Location, writer: string): string {
  const nameAt = key.lastIndexOf('/') + 1
  return `${key.slice(0, nameAt)}.${key.slice(nameAt)}.inprogress.${writer}.`
}

function parseState(given: ResumeRecoverable): State {
  const { target, uploadId, writer, parts, tail, positionBytes } = given as Partial<State>
  const isPart = (part: Partial<UploadedPart> | null) =>
    Number.isSafeInteger(part?.number) && typeof part?.etag === 'string'
  if (
    typeof target !== 'string' ||
    typeof uploadId !== 'string' ||
    typeof writer !== 'string' ||
    !Array.isArray(parts) ||
    !parts.every(isPart) ||
    !(tail === null || typeof tail === 'string') ||
    !Number.isSafeInteger(positionBytes) ||
    positionBytes! < 0
  ) {
    throw new FileSystemError(
      'Cannot go on with a file: its stored state is not one of this writer',
      { path: String(target) },
    )
  }
  return { target, uploadId, writer, parts, tail, positionBytes: positionBytes! }
}
