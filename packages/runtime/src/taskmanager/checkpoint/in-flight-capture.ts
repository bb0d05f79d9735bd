import type {
  ChannelCapture,
  CheckpointBarrier,
  CopiedSlot,
  QueuedBarrier,
} from '@flink-ts/network'
import type { JobEdge } from '../../jobgraph/job-graph.js'
import type { TaskInput } from '../task-io.js'
import type { InFlightChannel } from './in-flight-file.js'

/** Where a task's gates and partitions lie in the job. */
export interface TaskEdges {
  readonly subtaskIndex: number
  readonly parallelism: number
  readonly maxParallelism: number
  readonly inputs: readonly JobEdge[]
  readonly outputs: readonly JobEdge[]
}

/** Names an edge in files, whatever graph it is in. */
export function edgeName(edge: JobEdge): string {
  return `${edge.sourceOperatorId}>${edge.targetVertexId}/${edge.targetInputIndex}`
}

/**
 * Whether what is in flight on an edge can be given to other subtasks when the parallelism changes: elsewhere barriers wait for their
 * turn.
 */
export function isOvertakable({ partitioner, exchange }: JobEdge): boolean {
  if (exchange === 'blocking') return false
  return partitioner === 'HASH' || partitioner === 'REBALANCE' || partitioner === 'SHUFFLE'
}

/** A channel of a task's gates. */
export interface CapturedInput {
  readonly input: TaskInput
  readonly gate: number
  readonly channel: number
}

/**
 * What is in flight in a task's channels at an unaligned checkpoint: what its inputs held and what comes before the barriers, and
 * what the barrier has overtaken in its outputs.
 */
export class InFlightCapture {
  /** Resolves when all is here; rejects with the reason of {@link abort}. */
  readonly done: Promise<readonly InFlightChannel[]>
  readonly #edges: TaskEdges
  readonly #channels: readonly CapturedInput[]
  readonly #captures: ChannelCapture[] = []
  readonly #produced: InFlightChannel[] = []
  /** Barriers in their places, which overtake nothing yet. */
  #queued: { readonly output: number; readonly barrier: QueuedBarrier }[] = []
  #hasAllArrived = false
  #hasSent = false
  #isDone = false
  #resolve: (channels: readonly InFlightChannel[]) => void = () => {}
  #reject: (reason: unknown) => void = () => {}

  constructor(edges: TaskEdges, channels: readonly CapturedInput[]) {
    this.#edges = edges
    this.#channels = channels
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // Who waits for it may have given up before.
    this.done.catch(() => {})
  }

  /** The task's state is taken now: what was not processed before is in flight. @param ended channels that bring nothing */
  begin(ended: Iterable<number>): void {
    for (const { input, channel } of this.#channels)
      this.#captures.push(input.beginCapture(channel))
    for (const channel of ended) this.ended(channel)
  }

  /** What the barrier has overtaken in an output. */
  produced(output: number, channels: readonly (readonly CopiedSlot[])[]): void {
    const { subtaskIndex, outputs } = this.#edges
    const edge = edgeName(outputs[output]!)
    channels.forEach((slots, consumer) => {
      if (slots.length === 0) return
      const facts = { edge, producer: subtaskIndex, consumer, consumers: channels.length }
      this.#produced.push({ ...facts, side: 'produced', from: 0, skip: 0, slots })
    })
  }

  /** The barrier has its place in an output. */
  queued(output: number, barrier: QueuedBarrier): void {
    this.#queued.push({ output, barrier })
  }

  get hasQueued(): boolean {
    return this.#queued.length > 0
  }

  /** Calls `callback`, never synchronously, whenever the barrier in an output has been taken. */
  onTaken(callback: () => void): void {
    for (const { barrier } of this.#queued) barrier.onTaken(callback)
  }

  /** Barriers in their places overtake what they find before them. Nothing is found when all is stored already. */
  overtake(): void {
    const queued = this.#queued
    this.#queued = []
    for (const { output, barrier } of queued) {
      const channels = barrier.overtake()
      if (!this.#isDone) this.produced(output, channels)
    }
    this.check()
  }

  arrived({ overtaken }: CheckpointBarrier, channel: number): void {
    this.#captures[channel]?.end(overtaken)
  }

  /** Nothing comes on the channel any more. */
  ended(channel: number): void {
    this.#captures[channel]?.end({ from: 0, until: Number.POSITIVE_INFINITY })
  }

  /** The barriers are in all outputs. */
  sent(): void {
    this.#hasSent = true
    this.check()
  }

  allArrived(): void {
    this.#hasAllArrived = true
    this.check()
  }

  /** Something may have come that was missing. @returns whether all is here */
  check(): boolean {
    if (this.#isDone) return true
    if (!this.#hasAllArrived || !this.#hasSent) return false
    if (!this.#queued.every(({ barrier }) => barrier.isTaken)) return false
    for (const capture of this.#captures) {
      capture.takeQueued()
      if (!capture.isComplete) return false
    }
    this.#end()
    this.#resolve([...this.#produced, ...this.#captured()])
    // It may be known for longer than what it has found need be kept.
    this.#produced.length = 0
    this.#captures.length = 0
    return true
  }

  abort(reason: unknown): void {
    this.#queued = []
    if (this.#isDone) return
    this.#end()
    this.#reject(reason)
  }

  #end(): void {
    this.#isDone = true
    for (const { input, channel } of this.#channels) input.endCapture(channel)
  }

  #captured(): InFlightChannel[] {
    const { subtaskIndex, inputs, parallelism, maxParallelism } = this.#edges
    return this.#captures.map((capture, i) => {
      const { gate, channel } = this.#channels[i]!
      const facts = {
        ...{ producer: channel, consumer: subtaskIndex, consumers: parallelism },
        maxParallelism,
      }
      return { edge: edgeName(inputs[gate]!), ...facts, side: 'captured', ...capture.captured }
    })
  }
}
