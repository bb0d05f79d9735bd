import type { InputView, OutputView } from '@flink-ts/core'

const NOTHING = Buffer.alloc(0)
const NO_DATA = new DataView(new ArrayBuffer(0))

/**
 * The one window class that elements are written and read through, whatever memory lies behind,
 * so that encoders and decoders see a single object shape.
 */
export class SegmentView implements OutputView, InputView {
  bytes: Buffer = NOTHING
  data: DataView = NO_DATA
  position = 0
  limit = 0

  set(bytes: Buffer, data: DataView, position: number, limit: number): void {
    this.bytes = bytes
    this.data = data
    this.position = position
    this.limit = limit
  }

  /** An empty window: nothing fits, nothing is left. */
  clear(): void {
    this.set(NOTHING, NO_DATA, 0, 0)
  }
}
