// length (4 bytes), xid (4), zxid (8), code (4), then the answer.
const XID = 4
const ZXID = 8
const CODE = 16
const BODY = 20
/** Of the whole ensemble; the library knows it and what it means is nothing. */
const SYSTEM_ERROR = -1
/** Created, deleted, changed, children changed. */
const LAST_KNOWN_EVENT = 4

/** @throws RangeError if the frame is too short for one */
export function readReplyHeader(frame: Buffer): { readonly xid: number; readonly code: number } {
  return { xid: frame.readInt32BE(XID), code: frame.readInt32BE(CODE) }
}

/** @returns the frame with a code that the library does not throw at */
export function replaceCode(frame: Buffer): Buffer {
  frame.writeInt32BE(SYSTEM_ERROR, CODE)
  return frame
}

/** Some refusals come without a transaction id: the one that is known stays, as watches are set again from there. */
export function keepZxid(frame: Buffer, known: Buffer): void {
  if (frame.readBigInt64BE(ZXID) <= 0n) known.copy(frame, ZXID)
}

export function isKnownWatchEvent(frame: Buffer): boolean {
  const type = frame.readInt32BE(BODY)
  return type >= 1 && type <= LAST_KNOWN_EVENT
}
