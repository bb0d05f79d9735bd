/**
 * Uses all memory that a TaskManager has, without an end: heap of each task's thread up to a share of its limit, half of it
 * replaced all the time; state on disk, whose tables and cache fill managed memory; and buffers of the network, as the last operator
 * is slower than the others.
 *
 *     fills-container <parallelism> <share of the heap, 0…1> <keys> <bytes of a value>
 */
import { randomFillSync } from 'node:crypto'
import { getHeapStatistics } from 'node:v8'
import { type RuntimeContext, Types, type ValueState } from '@flink-ts/core'
import { type KeyedProcessContext, StreamExecutionEnvironment } from '@flink-ts/streaming'

const [parallelism, share, keys, valueBytes] = process.argv.slice(2).map(Number) as [
  number,
  number,
  number,
  number,
]
const PIECE = 256

/** Objects on the heap of this thread; some of them are replaced at each call. */
class Ballast {
  readonly #pieces: { text: string; numbers: number[] }[] = []
  #next = 0

  fill(): void {
    const { heap_size_limit: limit } = getHeapStatistics()
    while (getHeapStatistics().used_heap_size < limit * share) {
      for (let i = 0; i < 100; i++) this.#pieces.push(this.#piece())
    }
  }

  churn(): void {
    for (let i = 0; i < 3; i++) {
      this.#next = (this.#next + 1) % (this.#pieces.length >> 1)
      this.#pieces[this.#next] = this.#piece()
    }
  }

  #piece() {
    return { text: `${this.#next}`.repeat(20), numbers: Array.from({ length: PIECE }, () => 0.5) }
  }
}

class Fill {
  readonly #ballast = new Ballast()
  #state!: ValueState<Uint8Array>
  #noise = Buffer.alloc(0)
  #count = 0

  open(context: RuntimeContext): void {
    this.#state = context.getState({ name: 'held', type: Types.bytes })
    this.#noise = randomFillSync(Buffer.alloc(valueBytes * 64))
    this.#ballast.fill()
  }

  processElement(
    n: number,
    _context: KeyedProcessContext<number>,
    out: { collect(bytes: Uint8Array): void },
  ): void {
    const at = (n % 63) * valueBytes
    const held = this.#state.value()
    this.#state.update(this.#noise.subarray(at, at + valueBytes))
    this.#ballast.churn()
    if (++this.#count % 4 === 0) out.collect(held ?? this.#noise.subarray(0, valueBytes))
  }
}

/** Slower than what comes, so that all buffers before it are full. */
class Slow {
  readonly #ballast = new Ballast()
  #sum = 0

  open(): void {
    this.#ballast.fill()
  }

  processElement(bytes: Uint8Array, _context: unknown, out: { collect(sum: number): void }): void {
    for (let i = 0; i < 200; i++) for (const byte of bytes) this.#sum = (this.#sum + byte) | 0
    this.#ballast.churn()
    if (this.#sum === 1) out.collect(this.#sum)
  }
}

const env = StreamExecutionEnvironment.getExecutionEnvironment()
env
  .setParallelism(parallelism)
  .setRuntimeMode('STREAMING')
  .fromSequence(0, 1e15)
  .keyBy((n) => (Math.imul(n, 0x9e3779b1) >>> 0) % keys)
  .process(new Fill())
  .keyBy((bytes) => bytes[0]!)
  .process(new Slow())
  .print()
await env.execute('fills a container')
