import type { WriterInitContext } from '@flink-ts/core'

/** How part files are called. */
export interface OutputFileConfig {
  /** Default `part`. */
  readonly partPrefix?: string
  /** Such as `.csv`; default none. */
  readonly partSuffix?: string
}

/** What the name of a part file tells, also while it is hidden. */
export interface PartName {
  readonly uid: string
  readonly number: number
  /** It is not visible yet. */
  readonly isHidden: boolean
}

/** What the uid of a writer tells. */
export interface WriterUid {
  /** The first digits of the job's id. */
  readonly job: string
  /** The checkpoint that the writer was restored from; 0: it began without. */
  readonly restoredFrom: bigint
  readonly subtaskIndex: number
}

const JOB_DIGITS = 8

/** A new uid: no other writer has it. */
export function newWriterUid(
  context: Pick<WriterInitContext, 'jobId' | 'restoredCheckpointId' | 'subtaskIndex' | 'random'>,
): string {
  const { jobId, restoredCheckpointId = 0n, subtaskIndex, random } = context
  return `${shortJobId(jobId)}${random.hex(4)}k${restoredCheckpointId}s${subtaskIndex}`
}

/** How a job is named in the uids of its writers. */
export function shortJobId(jobId: string): string {
  return jobId.slice(0, JOB_DIGITS)
}

/** The parts of a uid; undefined if it is not one of this sink's. */
export function parseWriterUid(uid: string): WriterUid | undefined {
  const match = /^([^k]*)[0-9a-f]{8}k(\d+)s(\d+)$/.exec(uid)
  if (match === null) return undefined
  const [, job, restoredFrom, subtaskIndex] = match
  return { job: job!, restoredFrom: BigInt(restoredFrom!), subtaskIndex: Number(subtaskIndex) }
}

/** Makes and reads the names of part files: `<prefix>-<uid>-<number><suffix>`. */
export class PartNames {
  readonly #prefix: string
  readonly #suffix: string
  readonly #expression: RegExp

  constructor({ partPrefix = 'part', partSuffix = '' }: OutputFileConfig) {
    this.#prefix = partPrefix
    this.#suffix = partSuffix
    // Hidden ones are as `TempFileResumableWriter` names them.
    this.#expression = new RegExp(
      `^(\\.)?${quoted(partPrefix)}-(\\w+)-(\\d+)${quoted(partSuffix)}(\\.inprogress\\.[^/]*)?$`,
    )
  }

  nameOf(uid: string, number: number): string {
    return `${this.#prefix}-${uid}-${number}${this.#suffix}`
  }

  /** @returns undefined if the name is not one of a part file */
  parse(name: string): PartName | undefined {
    const match = this.#expression.exec(name)
    if (match === null || (match[1] === undefined) !== (match[4] === undefined)) return undefined
    return { uid: match[2]!, number: Number(match[3]), isHidden: match[1] !== undefined }
  }
}

function quoted(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
