/**
 * The bytes around the contents of every snapshot file; docs/state-format.md describes all of it. Little-endian.
 *
 * File: header, frames, the last of them {@link FrameType.End}. Header: 8 bytes {@link MAGIC}, u16 version,
 * u16 kind, u32 CRC-32 of these. Frame: head (u8 type, u8 zero, u32 number in the file, u32 length of the
 * body), u32 CRC-32 of the head, body, u32 CRC-32 of the body.
 */
export const MAGIC = Buffer.from('FLTSSNAP', 'latin1')
/** Of the format that is written; those below it are read. */
export const FORMAT_VERSION = 1

export const SnapshotKind = { keyed: 1, operator: 2, metadata: 3 } as const
export type SnapshotKind = (typeof SnapshotKind)[keyof typeof SnapshotKind]

/** What a frame's body is. Numbers are never given to something else. */
export const FrameType = {
  /** JSON: `SnapshotDescription`, or that of a checkpoint. */
  Description: 1,
  /** Entries of one state; of keyed snapshots of one key group. */
  Block: 2,
  /** Where the blocks of each key group (operator snapshots: state) are. */
  Index: 3,
  /** JSON: one operator of a checkpoint. */
  Operator: 4,
  /** Bytes of a state file that is inlined in `_metadata`. */
  Inlined: 5,
  /** u64 position of the index (0: none), u32 number of frames, u32 CRC-32 of all bytes before this frame. */
  End: 255,
} as const
export type FrameType = (typeof FrameType)[keyof typeof FrameType]

export const HEADER_BYTES = 16
export const FRAME_HEAD_BYTES = 10
/** Head and both checksums. */
export const FRAME_OVERHEAD_BYTES = FRAME_HEAD_BYTES + 8
export const END_BODY_BYTES = 16
export const END_FRAME_BYTES = FRAME_OVERHEAD_BYTES + END_BODY_BYTES

/** No writer makes longer bodies; a longer length is damage. */
export const MAX_BODY_BYTES = 0x7fffffff
