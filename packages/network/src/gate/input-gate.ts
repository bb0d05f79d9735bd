import assert from 'node:assert/strict'
import type { Clock } from '@flink-ts/core'
import { FileSource } from '../blocking/file-source.js'
import { type BufferQueueHandle, CONSUMED, QueueErrorKind } from '../buffer/buffer-queue.js'
import { QueueConsumer } from '../buffer/queue-consumer.js'
import type { NetworkContext } from '../environment/network-context.js'
import {
  PartitionNotFoundError,
  PartitionReleasedError,
  RemoteTransportError,
} from '../errors/network-errors.js'
import type { Doorbell } from '../wakeup/doorbell.js'
import type { ChannelSource } from './channel-source.js'
import { GateDebloater, type GateDebloating } from './gate-debloater.js'

/** What a channel reads; for messages. */
export interface ChannelOrigin {
  readonly partitionId: string
  readonly subpartition: number
  /** `host:port` of the producer's TaskManager with its resource id, or `local`. */
  readonly peer: string
}

/** One channel of a gate in cloneable form. */
export interface InputChannelHandle extends ChannelOrigin {
  readonly isLocal: boolean
  readonly queue: BufferQueueHandle | undefined
  /** A blocking partition of this TaskManager: read from its file. */
  readonly file?: InputChannelFile
}

/** Where the reader of a blocking partition finds it, and where it counts. Cloneable. */
export interface InputChannelFile {
  readonly folder: string
  readonly subpartition: number
  readonly counters: SharedArrayBuffer
}

/** Cloneable form of an input gate, made by the ShuffleEnvironment. */
export interface InputGateHandle {
  readonly gateId: string
  readonly ownerName: string
  readonly bell: number
  readonly channels: readonly InputChannelHandle[]
  /** Absent: senders fill their buffers. */
  readonly debloating?: GateDebloating
}

/** What one subtask reads, as its thread sees it. Used by one thread. */
export class InputGate {
  readonly gateId: string
  readonly channels: readonly InputChannel[]
  readonly #doorbell: Doorbell
  #callback: (() => void) | undefined
  #unfinished: number
  /** Whether its thread waits for no other gate meanwhile, so that it may wait for this one by blocking. */
  waitsAlone = true
  #debloater: GateDebloater | undefined

  private constructor(
    gateId: string,
    doorbell: Doorbell,
    channels: readonly (readonly [ChannelOrigin, ChannelSource])[],
  ) {
    this.gateId = gateId
    this.#doorbell = doorbell
    this.channels = channels.map(
      ([origin, source], index) => new InputChannel(index, origin, source),
    )
    this.#unfinished = this.channels.length
  }

  /** A gate of another shuffle service. Whoever fills the sources rings the doorbell. */
  static over(options: {
    gateId: string
    doorbell: Doorbell
    channels: readonly (readonly [ChannelOrigin, ChannelSource])[]
  }): InputGate {
    return new InputGate(options.gateId, options.doorbell, options.channels)
  }

  /**
   * Takes the consumer's end. Once per handle.
   *
   * @param clock for buffer debloating; without it there is none
   */
  static attach(handle: InputGateHandle, context: NetworkContext, clock?: Clock): InputGate {
    const doorbell = context.doorbells.doorbell(handle.bell)
    const channels = handle.channels.map(
      (channel) => [channel, sourceOf(channel, context, handle.bell)] as const,
    )
    const gate = new InputGate(handle.gateId, doorbell, channels)
    if (handle.debloating !== undefined && clock !== undefined) {
      const sources = channels.map(([, source]) => source)
      gate.#debloater = new GateDebloater(handle.debloating, sources, clock)
    }
    return gate
  }

  get numberOfChannels(): number {
    return this.channels.length
  }

  /** Bytes of all buffers that have been read to their end. */
  get bytesConsumed(): number {
    let bytes = 0
    for (const { queue } of this.channels) bytes += queue.memory.counters[CONSUMED + 1]!
    return bytes
  }

  /** Whether every channel has delivered END_OF_PARTITION. */
  get isFinished(): boolean {
    return this.#unfinished === 0
  }

  /** Whether reading would bring something: data, an error or the end. */
  isAvailable(): boolean {
    if (this.#unfinished === 0) return true
    for (const channel of this.channels) if (channel.isReady()) return true
    return false
  }

  /** Calls `callback` once when the gate is available, never synchronously. Replaces an earlier one. */
  onAvailable(callback: () => void): void {
    this.#callback = callback
    if (this.isAvailable() || (this.waitsAlone && this.#doorbell.waitBriefly(this.#isAvailable))) {
      this.#doorbell.callSoon(this.#onRing)
      return
    }
    this.#doorbell.arm(this.#onRing)
    if (this.isAvailable()) this.#doorbell.ringSelf()
  }

  /** Calls `callback` once when a priority event waits, never synchronously; not for anything else. Replaces `onAvailable`. */
  onPriority(callback: () => void): void {
    this.#callback = undefined
    this.#doorbell.arm(() => {
      if (this.#hasPriority()) callback()
      else this.onPriority(callback)
    })
    if (this.#hasPriority()) this.#doorbell.ringSelf()
  }

  #hasPriority(): boolean {
    return this.channels.some(({ isFinished, queue }) => !isFinished && queue.hasPriority())
  }

  /** Does not read the channel until `resumeConsumption`, as aligned barriers need it. */
  blockConsumption(channel: number): void {
    this.#channel(channel).isBlocked = true
  }

  resumeConsumption(channel: number): void {
    this.#channel(channel).isBlocked = false
  }

  /** The task stops reading; producers may discard what they still write. */
  close(): void {
    this.#callback = undefined
    this.#debloater?.close()
    this.#doorbell.disarm()
    for (const channel of this.channels) channel.queue.detach()
  }

  /** @internal The reader found nothing, or something. */
  showActivity(isActive: boolean): void {
    if (isActive) this.#debloater?.resume()
    else this.#debloater?.pause()
  }

  /** @internal The reader saw the end of `channel`. */
  channelFinished(channel: InputChannel): void {
    assert(!channel.isFinished, 'a channel ends once')
    channel.isFinished = true
    this.#unfinished--
  }

  #channel(index: number): InputChannel {
    const channel = this.channels[index]
    assert(channel !== undefined, `gate has ${this.channels.length} channels, no channel ${index}`)
    return channel
  }

  readonly #isAvailable = (): boolean => this.isAvailable()

  readonly #onRing = (): void => {
    const callback = this.#callback
    if (callback === undefined) return
    if (this.isAvailable()) {
      this.#callback = undefined
      this.#debloater?.resume()
      callback()
    } else {
      this.onAvailable(callback)
    }
  }
}

function sourceOf(
  { queue, file }: InputChannelHandle,
  context: NetworkContext,
  bell: number,
): ChannelSource {
  if (queue !== undefined) return new QueueConsumer(queue, context, bell, true)
  assert(file !== undefined, 'a channel has a queue or a file')
  return new FileSource(file, {
    reusesMemory: true,
    counters: new Float64Array(file.counters),
  })
}

/** The consumer's side of one channel. */
export class InputChannel {
  readonly index: number
  readonly handle: ChannelOrigin
  readonly queue: ChannelSource
  isBlocked = false
  isFinished = false

  constructor(index: number, handle: ChannelOrigin, queue: ChannelSource) {
    this.index = index
    this.handle = handle
    this.queue = queue
  }

  /** Something to read, or an error to raise. */
  isReady(): boolean {
    if (this.isFinished) return false
    if (this.queue.hasPriority()) return true
    return this.queue.memory.errorKind() !== 0 || (!this.isBlocked && this.queue.hasData())
  }

  /** @throws the error that broke the channel, if one did */
  checkError(): void {
    const kind = this.queue.memory.errorKind()
    if (kind === QueueErrorKind.none) return
    const text = this.queue.memory.errorText()
    const { partitionId, subpartition, peer } = this.handle
    const what = `subpartition ${subpartition} of partition ${partitionId} from ${peer}`
    switch (kind) {
      case QueueErrorKind.remoteTransport:
        throw new RemoteTransportError(`Could not read ${what}: ${text}`, { peer, partitionId })
      case QueueErrorKind.partitionNotFound:
        throw new PartitionNotFoundError(`Could not read ${what}: ${text}`, { partitionId })
      case QueueErrorKind.partitionReleased:
        throw new PartitionReleasedError(`Could not read ${what}: ${text}`, { partitionId })
    }
  }
}
