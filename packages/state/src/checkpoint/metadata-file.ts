import { FLINK_TS_VERSION } from '@flink-ts/core'
import { type Frame, FrameReader } from '../snapshot/frame-reader.js'
import { type FileDigest, FrameWriter } from '../snapshot/frame-writer.js'
import { SnapshotCorruptError } from '../snapshot/snapshot-errors.js'
import { FrameType, SnapshotKind } from '../snapshot/snapshot-format.js'
import type { SnapshotSource } from '../snapshot/snapshot-source.js'
import type { CheckpointMetadata, OperatorState } from './checkpoint-metadata.js'
import { operatorFromJson, operatorToJson } from './metadata-json.js'

/** The bytes of a `_metadata` file. @param directory that it will lie in: paths below it are written relative to it */
export function encodeMetadata(
  metadata: CheckpointMetadata,
  directory: string,
): FileDigest & { readonly bytes: Buffer } {
  const { operators, checkpointId, ...facts } = metadata
  const frames = new FrameWriter(SnapshotKind.metadata)
  const description = {
    writer: `flink-ts ${FLINK_TS_VERSION}`,
    ...facts,
    checkpointId: `${checkpointId}`,
  }
  frames.frame(FrameType.Description, Buffer.from(JSON.stringify(description)))
  const context = { directory, inlined: [] }
  const texts = operators.map((operator) => operatorToJson(operator, context))
  // In front of what refers to them, so that one pass reads the file.
  for (const bytes of context.inlined) frames.frame(FrameType.Inlined, Buffer.from(bytes))
  for (const text of texts) frames.frame(FrameType.Operator, Buffer.from(text))
  const digest = frames.end()
  return { ...digest, bytes: Buffer.concat(frames.takePending()) }
}

/**
 * Reads and checks all of a `_metadata` file.
 *
 * @param directory that it lies in
 * @throws SnapshotCorruptError (FLINK_SNAPSHOT_CORRUPT), SnapshotVersionError (FLINK_SNAPSHOT_VERSION)
 */
export async function decodeMetadata(
  source: SnapshotSource,
  directory: string,
): Promise<CheckpointMetadata> {
  const frames = await FrameReader.open(source, SnapshotKind.metadata)
  const context = { directory, inlined: [] as Uint8Array[] }
  const operators: OperatorState[] = []
  let facts: Omit<CheckpointMetadata, 'operators'> | undefined
  for await (const frame of frames.all()) {
    try {
      if (frame.type === FrameType.Description) facts = parseFacts(frame)
      else if (frame.type === FrameType.Inlined) context.inlined.push(frame.body)
      else if (frame.type === FrameType.Operator) {
        operators.push(operatorFromJson(frame.body.toString(), context))
      }
    } catch (cause) {
      const found = `its contents make no sense: ${(cause as Error).message}`
      throw new SnapshotCorruptError({ path: source.path, position: frame.position, found, cause })
    }
  }
  if (facts === undefined) {
    const found = 'its description is missing'
    throw new SnapshotCorruptError({ path: source.path, position: 0, found })
  }
  return { ...facts, operators }
}

function parseFacts({ body }: Frame): Omit<CheckpointMetadata, 'operators'> {
  const { jobId, checkpointId, timestampMs, kind } = JSON.parse(body.toString())
  if (typeof jobId !== 'string' || typeof timestampMs !== 'number') {
    throw new TypeError('the job or the time is missing')
  }
  if (kind !== 'CHECKPOINT' && kind !== 'SAVEPOINT') throw new TypeError(`unknown kind ${kind}`)
  return { jobId, checkpointId: BigInt(checkpointId), timestampMs, kind }
}
