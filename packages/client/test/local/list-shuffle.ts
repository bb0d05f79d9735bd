import type { Clock } from '@flink-ts/core'
import {
  type ChannelOutput,
  type ChannelSource,
  type Defer,
  type Doorbell,
  InputGate,
  type InputGateDescriptor,
  QueueErrorKind,
  type ResultPartitionDescriptor,
  SegmentView,
  type ShuffleEnvironmentContext,
  type ShuffleMaster,
  type ShuffleServiceFactory,
  SlotFlags,
  type TaskManagerShuffle,
  type TaskShuffle,
  type WritablePartition,
} from '@flink-ts/network'

const BUFFER_BYTES = 1024

interface Stored {
  readonly bytes: Buffer
  readonly flags: number
}

class CallbackDoorbell implements Doorbell {
  readonly #defer: Defer
  #callback: (() => void) | undefined

  constructor(defer: Defer) {
    this.#defer = defer
  }

  arm(callback: () => void): void {
    this.#callback = callback
  }

  disarm(): void {
    this.#callback = undefined
  }

  ringSelf(): void {
    const callback = this.#callback
    this.#callback = undefined
    if (callback !== undefined) this.#defer(callback)
  }

  callSoon(callback: () => void): void {
    this.#callback = callback
    this.ringSelf()
  }

  waitBriefly(ready: () => boolean): boolean {
    return ready()
  }

  waitBlocking(): void {
    throw new Error('nobody waits for lists')
  }
}

/** A list of buffers that grows without bound, and who waits for more. */
class StoredList {
  readonly buffers: Stored[] = []
  readonly readers = new Set<Doorbell>()

  append(stored: Stored): void {
    this.buffers.push(stored)
    for (const reader of this.readers) reader.ringSelf()
  }
}

class ListOutput implements ChannelOutput {
  readonly index: number
  readonly view = new SegmentView()
  numRecords = 0
  readonly #list: StoredList
  #flags = 0

  constructor(index: number, list: StoredList) {
    this.index = index
    this.#list = list
  }

  nextBuffer(flags: number): void {
    this.#finish()
    this.#flags = flags
    const bytes = Buffer.alloc(BUFFER_BYTES)
    this.view.set(bytes, new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length)
  }

  extend(): boolean {
    return false
  }

  flush(): void {
    this.#finish()
  }

  writeEvent(bytes: Uint8Array, flags: number): void {
    this.#finish()
    this.#list.append({ bytes: Buffer.from(bytes), flags: flags | SlotFlags.event })
  }

  writePriorityEvent(bytes: Uint8Array): void {
    this.writeEvent(bytes, 0)
  }

  #finish(): void {
    const bytes = this.view.bytes.subarray(0, this.view.position)
    if (bytes.length > 0) this.#list.append({ bytes, flags: this.#flags })
    this.view.clear()
  }
}

class ListSource implements ChannelSource {
  readonly memory = {
    counters: new Float64Array(0),
    errorKind: () => QueueErrorKind.none,
    errorText: () => '',
  }
  readonly isRingDue = false
  readonly start = 0
  flags = 0
  end = 0
  #next = 0
  readonly #list: StoredList

  constructor(list: StoredList) {
    this.#list = list
  }

  hasData(): boolean {
    return this.#next < this.#list.buffers.length
  }

  hasPriority(): boolean {
    return false
  }

  takePriority(): undefined {}

  backlog(): number {
    return this.#list.buffers.length - this.#next
  }

  buffersInUse(): number {
    return this.backlog()
  }

  announceBufferSize(): void {}

  peek(): boolean {
    const stored = this.#list.buffers[this.#next]
    this.flags = stored?.flags ?? 0
    this.end = stored?.bytes.length ?? 0
    return stored !== undefined
  }

  openView(view: SegmentView): void {
    const bytes = this.bytes()
    view.set(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length)
  }

  bytes(): Buffer {
    return this.#list.buffers[this.#next]!.bytes
  }

  frame(): undefined {}

  consume(): boolean {
    this.#next++
    return true
  }

  release(): void {}
  ringProducer(): void {}
  detach(): void {}
}

/** A shuffle service of the simplest kind: results lie in lists outside of all TaskManagers, for tasks of one thread. */
export class ListShuffle implements ShuffleServiceFactory {
  /** By what the master calls them. */
  readonly lists = new Map<string, StoredList[]>()
  readonly calls: string[] = []
  readonly #registered = new Map<string, string>()

  async createShuffleMaster(): Promise<ShuffleMaster> {
    return {
      registerJob: () => void this.calls.push('registerJob'),
      unregisterJob: () => void this.calls.push('unregisterJob'),
      registerPartition: (_jobId, { partitionId }, location) => {
        const name = `list ${this.#registered.size}`
        if (this.#registered.has(partitionId)) throw new Error('registered twice')
        this.#registered.set(partitionId, name)
        this.calls.push('registerPartition')
        return { partitionId, location, info: { name } }
      },
      releasePartitions: (_jobId, partitionIds) => {
        for (const id of partitionIds) this.lists.delete(this.#registered.get(id)!)
        this.calls.push('releasePartitions')
      },
      close: async () => void this.calls.push('close'),
    }
  }

  async createShuffleEnvironment({
    defer,
  }: ShuffleEnvironmentContext): Promise<TaskManagerShuffle> {
    const taskShuffle = new ListTaskShuffle(this.lists, defer!)
    return {
      dataPort: 0,
      taskShuffle,
      taskShuffleHandle: { data: undefined },
      createResultPartition: (descriptor: ResultPartitionDescriptor) => ({
        ...descriptor,
        name: this.#registered.get(descriptor.partitionId),
      }),
      createInputGate: (descriptor: InputGateDescriptor) => descriptor,
      releasePartitions() {},
      producerEnded() {},
      closeInputGate() {},
      partitionMetrics: () => undefined,
      gateMetrics: () => undefined,
      debloatingMetrics: () => undefined,
      async close() {},
    }
  }
}

class ListTaskShuffle implements TaskShuffle {
  readonly #lists: Map<string, StoredList[]>
  readonly #defer: Defer

  constructor(lists: Map<string, StoredList[]>, defer: Defer) {
    this.#lists = lists
    this.#defer = defer
  }

  attachPartition(handle: unknown): WritablePartition {
    const { name, partitionId, numberOfSubpartitions, partitioner } =
      handle as ResultPartitionDescriptor & { name: string }
    const isBroadcast = partitioner === 'BROADCAST'
    if (isBroadcast) throw new Error('lists are not broadcast')
    const lists = this.#listsOf(name, numberOfSubpartitions)
    const outputs = lists.slice(0, numberOfSubpartitions).map((list, i) => new ListOutput(i, list))
    return {
      partitionId,
      numberOfSubpartitions,
      outputs,
      isAvailable: () => true,
      onAvailable: (callback) => this.#defer(callback),
      flushAll: () => outputs.forEach((output) => void output.flush()),
      close() {},
    }
  }

  attachGate(handle: unknown, _clock: Clock): InputGate {
    const { gateId, producers, consumedSubpartitions, consumedSubpartitionsPerProducer } =
      handle as InputGateDescriptor
    const doorbell = new CallbackDoorbell(this.#defer)
    const channels = producers.flatMap(({ partitionId, info }, producer) => {
      const { name } = info as { name: string }
      const range = consumedSubpartitionsPerProducer?.[producer] ?? consumedSubpartitions
      const lists = this.#listsOf(name, range.last + 1)
      return lists.slice(range.first, range.last + 1).map((list, i) => {
        list.readers.add(doorbell)
        const origin = { partitionId, subpartition: range.first + i, peer: name }
        return [origin, new ListSource(list)] as const
      })
    })
    return InputGate.over({ gateId, doorbell, channels })
  }

  /** Whichever end comes first makes them. */
  #listsOf(name: string, count: number): StoredList[] {
    const lists = this.#lists.get(name) ?? []
    this.#lists.set(name, lists)
    while (lists.length < count) lists.push(new StoredList())
    return lists
  }
}
