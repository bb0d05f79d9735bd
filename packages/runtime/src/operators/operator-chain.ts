import { type OperatorId, RecordCopier, type SerializerRegistry } from '@flink-ts/core'
import type { OperatorDescriptor } from '../jobgraph/job-graph.js'
import {
  ChainedOutput,
  type ChainedOutputOptions,
  type CountingOutput,
  DiscardingOutput,
  FanOutOutput,
  FirstInputOutput,
  SecondInputOutput,
} from './chain-outputs.js'
import { OperatorCodeError } from './operator-code-error.js'
import type { OperatorServices } from './operator-services.js'
import type {
  ChainRestore,
  FinishContext,
  OperatorSnapshots,
  StateSnapshotContext,
} from './state-contexts.js'
import type {
  OneInputStreamOperator,
  OperatorContext,
  OperatorFactory,
  Output,
  StreamOperator,
  TwoInputStreamOperator,
} from './stream-operator.js'

export interface OperatorChainOptions {
  /** The chain of a vertex, each operator after those that feed it; the first is the head. */
  readonly operators: readonly OperatorDescriptor[]
  readonly code: ReadonlyMap<string, OperatorFactory>
  /** What leaves the chain, by the operator whose output it is. */
  readonly networkOutputs: ReadonlyMap<OperatorId, readonly CountingOutput[]>
  /** `pipeline.object-reuse`: no copies; nobody changes or keeps what it has emitted or taken. */
  readonly objectReuse: boolean
  /** Of the program's own classes. */
  readonly serializers?: SerializerRegistry
  /** Makes state and timers of an operator; the chain restores, stores and closes them. Absent: no operator has any. */
  createServices?(descriptor: OperatorDescriptor, output: Output): OperatorServices
  /** @param services what {@link createServices} made */
  createContext(
    descriptor: OperatorDescriptor,
    output: Output,
    services: OperatorServices | undefined,
  ): OperatorContext
}

/** What one operator of a chain has counted. */
export interface OperatorCounts {
  readonly operatorName: string
  readonly numRecordsIn: number
  readonly numRecordsOut: number
}

interface Link {
  readonly descriptor: OperatorDescriptor
  readonly factory: OperatorFactory
  readonly operator: StreamOperator
  readonly services: OperatorServices | undefined
  readonly output: CountingOutput
  /** The chained outputs that feed it; none for the head. */
  readonly inputs: CountingOutput[]
}

/** The operators of one task, wired so that a record passes from one to the next by plain calls. */
export class OperatorChain {
  /** In the order of the chain: the head first. */
  readonly #links: readonly Link[]
  readonly #waiting: readonly StreamOperator[]
  readonly #timed: readonly OperatorServices[]
  #opened = 0
  #closed = false

  constructor(options: OperatorChainOptions) {
    const links: Link[] = []
    // Tail first: an operator is made with its output, so its consumers must be there.
    for (const descriptor of options.operators.toReversed()) {
      const factory = options.code.get(descriptor.operatorId)
      if (factory === undefined) {
        throw new OperatorCodeError(
          `No code for operator "${descriptor.name}" (${descriptor.operatorId}): ` +
            'the program that the task ran did not make this operator',
          { operatorName: descriptor.name },
        )
      }
      const output = connect(descriptor, factory, links, options)
      const services = options.createServices?.(descriptor, output)
      const operator = factory.createOperator(options.createContext(descriptor, output, services))
      links.unshift({ descriptor, factory, operator, services, output, inputs: [] })
    }
    this.#links = links
    this.#timed = links.flatMap(({ services }) => services ?? [])
    this.#waiting = links.map((l) => l.operator).filter((o) => o.whenReady !== undefined)
  }

  get head(): StreamOperator {
    return this.#links[0]!.operator
  }

  get headId(): OperatorId {
    return this.#links[0]!.descriptor.operatorId
  }

  get headName(): string {
    return this.#links[0]!.descriptor.name
  }

  /** How the head is driven. */
  get headType(): OperatorFactory['type'] {
    return this.#links[0]!.factory.type
  }

  /** Where the head emits; for what the task itself sends, such as a source's last watermark. */
  get headOutput(): Output {
    return this.#links[0]!.output
  }

  /**
   * Restores state and timers of the operators and lets them take it back, from tail to head. Before {@link open}, also for a
   * task that begins anew.
   */
  async initializeState(restore?: ChainRestore): Promise<void> {
    for (const { descriptor, operator, services } of this.#links.toReversed()) {
      if (services === undefined) continue
      const source = restore?.operators.get(descriptor.operatorId)
      const context = await services.restore(restore?.checkpointId, source)
      const initialized = operator.initializeState?.(context)
      if (initialized !== undefined) await initialized
    }
  }

  /** Opens from tail to head, so that nobody emits into an operator that is not open. */
  async open(): Promise<void> {
    for (let i = this.#links.length - 1; i >= 0; i--) {
      this.#opened++
      const opened = this.#links[i]!.operator.open()
      if (opened !== undefined) await opened
    }
  }

  /**
   * Finishes from head to tail: what an operator still emits reaches those behind it before they finish. Its timers of the clock
   * do not fire any more.
   *
   * @param context default: no checkpoint follows
   */
  async finish(context?: FinishContext): Promise<void> {
    for (const { operator, services } of this.#links) {
      services?.finishTimers()
      const finished = operator.finish(context)
      if (finished !== undefined) await finished
    }
  }

  /** An operator asks for a checkpoint between its `finish` and the end of the task, if the job takes any. */
  get needsFinalCheckpoint(): boolean {
    return this.#links.some(({ operator }) => operator.needsFinalCheckpoint === true)
  }

  /** Before the barrier of a checkpoint goes out: what operators hold back is emitted, from head to tail. */
  prepareSnapshotPreBarrier(checkpointId: bigint): void | Promise<void> {
    return inTurn(this.#links, ({ operator }) => operator.prepareSnapshotPreBarrier?.(checkpointId))
  }

  /**
   * After the barrier: the state of all operators as it is now, asked for from tail to head. Until it has answered, the task must not
   * do anything else.
   *
   * @returns head first; the caller releases the keyed snapshots. Nothing is left to release if it throws
   */
  snapshotState(context: StateSnapshotContext): OperatorSnapshots[] | Promise<OperatorSnapshots[]> {
    const snapshots: OperatorSnapshots[] = []
    const failed = (error: unknown): never => {
      for (const { keyed } of snapshots) keyed?.release()
      throw error
    }
    const take = ({ descriptor, services }: Link) => {
      const { operatorId, name: operatorName } = descriptor
      snapshots.unshift({ operatorId, operatorName, ...services?.snapshot(context) })
    }
    try {
      const taken = inTurn(this.#links.toReversed(), (link) => {
        const stored = link.operator.snapshotState?.(context)
        return stored === undefined ? take(link) : stored.then(() => take(link))
      })
      return taken === undefined ? snapshots : taken.then(() => snapshots, failed)
    } catch (error) {
      return failed(error)
    }
  }

  /** Tells the operators, head to tail, that they may make visible what belongs to checkpoints up to this one. */
  notifyCheckpointComplete(checkpointId: bigint): void | Promise<void> {
    return inTurn(this.#links, ({ operator, services }) => {
      services?.notifyCheckpointComplete(checkpointId)
      return operator.notifyCheckpointComplete?.(checkpointId)
    })
  }

  /** Tells the operators, head to tail, that there will be no such checkpoint. */
  notifyCheckpointAborted(checkpointId: bigint): void | Promise<void> {
    return inTurn(this.#links, ({ operator, services }) => {
      services?.notifyCheckpointAborted(checkpointId)
      return operator.notifyCheckpointAborted?.(checkpointId)
    })
  }

  /**
   * Closes every operator whose `open` was begun, head to tail, also after errors. Idempotent.
   *
   * @returns what was thrown, in order
   */
  async close(): Promise<unknown[]> {
    if (this.#closed) return []
    this.#closed = true
    const errors: unknown[] = []
    // A timer must not find an operator that is closed.
    for (const { services } of this.#links) services?.stopTimers()
    for (const link of this.#links.slice(this.#links.length - this.#opened)) {
      try {
        const closed = link.operator.close()
        if (closed !== undefined) await closed
      } catch (error) {
        errors.push(error)
      }
    }
    for (const { services } of this.#links) {
      await services?.close().catch((error: unknown) => errors.push(error))
    }
    return errors
  }

  /** Hands an event of its coordinator to an operator. Ignored by operators that take none. */
  handleOperatorEvent(operatorId: string, payload: Uint8Array): void {
    const link = this.#links.find((l) => l.descriptor.operatorId === operatorId)
    link?.operator.handleOperatorEvent?.(payload)
  }

  /** Resolves when an operator that cannot take more now may be asked again; undefined: all can. */
  whenReady(): Promise<void> | undefined {
    for (let i = 0; i < this.#waiting.length; i++) {
      const ready = this.#waiting[i]!.whenReady!()
      if (ready !== undefined) return ready
    }
    for (let i = 0; i < this.#timed.length; i++) {
      const fired = this.#timed[i]!.whenFired()
      if (fired !== undefined) return fired
    }
    return undefined
  }

  /** The operators' record counts, head first. @param headRecordsIn what the task handed to the head */
  counts(headRecordsIn: number): OperatorCounts[] {
    return this.#links.map((link, i) => ({
      operatorName: link.descriptor.name,
      numRecordsIn:
        i === 0 ? headRecordsIn : link.inputs.reduce((sum, input) => sum + input.recordCount, 0),
      numRecordsOut: link.output.recordCount,
    }))
  }
}

/** Calls one after the other; a promise only if one of them answers one. */
function inTurn(
  links: readonly Link[],
  call: (link: Link) => void | Promise<void>,
  from = 0,
): void | Promise<void> {
  for (let i = from; i < links.length; i++) {
    const called = call(links[i]!)
    if (called !== undefined) return called.then(() => inTurn(links, call, i + 1))
  }
}

/**
 * The output of an operator. Chained consumers get copies, so that none of them, nor who emits, can change what another
 * one holds; the last of them gets the record itself where whoever emits does not keep it.
 */
function connect(
  descriptor: OperatorDescriptor,
  { emitsOwn = false }: OperatorFactory,
  consumers: readonly Link[],
  { networkOutputs, objectReuse, serializers }: OperatorChainOptions,
): CountingOutput {
  const inputs = consumers.flatMap((consumer) =>
    consumer.descriptor.chainedInputs
      .filter(({ operatorId }) => operatorId === descriptor.operatorId)
      .map(({ inputIndex }) => ({ consumer, inputIndex })),
  )
  const chained = inputs.map(({ consumer, inputIndex }, i) => {
    const isOwn = (emitsOwn && i === inputs.length - 1) || consumer.factory.onlyReads === true
    const copier = objectReuse || isOwn ? {} : { copier: new RecordCopier(serializers) }
    const output = outputInto(consumer, inputIndex, { ...copier, next: consumer.output })
    consumer.inputs.push(output)
    return output
  })
  const network = networkOutputs.get(descriptor.operatorId) ?? []
  if (network.length + chained.length > 1) return new FanOutOutput(network, chained)
  return network[0] ?? chained[0] ?? new DiscardingOutput()
}

function outputInto(
  { descriptor, factory, operator }: Link,
  inputIndex: number,
  options: ChainedOutputOptions,
): CountingOutput {
  if (factory.type === 'oneInput' && inputIndex === 0) {
    return new ChainedOutput(operator as OneInputStreamOperator, options)
  }
  if (factory.type === 'twoInput' && inputIndex === 0) {
    return new FirstInputOutput(operator as TwoInputStreamOperator, options)
  }
  if (factory.type === 'twoInput' && inputIndex === 1) {
    return new SecondInputOutput(operator as TwoInputStreamOperator, options)
  }
  throw new OperatorCodeError(
    `Operator "${descriptor.name}" is of type ${factory.type} and has no input ` +
      `${inputIndex}, which the JobGraph feeds`,
    { operatorName: descriptor.name },
  )
}
