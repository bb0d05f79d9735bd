import type { BroadcastState, MapStateDescriptor, ReadOnlyBroadcastState } from '@flink-ts/core'
import {
  CombinedWatermark,
  type InputSelection,
  type OperatorContext,
  type StateInitializationContext,
  type TwoInputStreamOperator,
} from '@flink-ts/runtime/program'
import type {
  BroadcastContext,
  ReadsBroadcastState,
} from '../../functions/broadcast-function-types.js'
import { InvalidProgramError, UsedOutsideCallError } from '../../functions/errors.js'
import type { CoUserFunction } from '../../functions/user-function.js'
import type { CallCollector } from '../call-collector.js'
import { guardedBroadcastState, guardedReadOnlyState } from '../guarded-states.js'
import { timerMethod } from '../process-operator.js'
import { ProcessScope } from '../process-scope.js'
import { UserFunctionOperator } from '../user-function-operator.js'

type Call = (value: unknown, context: unknown, out: CallCollector) => unknown

type AnyDescriptor = MapStateDescriptor<unknown, unknown>

/** One broadcast state as functions have it. */
interface GuardedState {
  readonly toRead: ReadOnlyBroadcastState<unknown, unknown>
  readonly toChange: BroadcastState<unknown, unknown>
}

/** What a {@link BroadcastProcessOperator} is made of. */
export interface BroadcastProcessOptions {
  readonly operatorContext: OperatorContext
  readonly userFunction: CoUserFunction<Call>
  /** Where the first input has keys. */
  readonly keySelector: ((value: unknown) => unknown) | undefined
  /** The states that the second input was broadcast with. */
  readonly descriptors: readonly AnyDescriptor[]
}

/**
 * Hands the elements of its first input, and the broadcast ones of its second, to a function, which keeps broadcast state. In a
 * BATCH job all broadcast elements come first.
 */
export class BroadcastProcessOperator
  extends UserFunctionOperator
  implements TwoInputStreamOperator
{
  readonly nextSelection?: () => InputSelection
  readonly #calls: readonly [Call, Call]
  readonly #methods: readonly [string, string]
  readonly #keySelector: ((value: unknown) => unknown) | undefined
  readonly #descriptors: readonly AnyDescriptor[]
  readonly #states = new Map<string, GuardedState>()
  readonly #scope: ProcessScope
  readonly #broadcastContext: BroadcastContext
  readonly #watermark: CombinedWatermark
  #hasAllBroadcast = false

  constructor({
    operatorContext,
    userFunction,
    keySelector,
    descriptors,
  }: BroadcastProcessOptions) {
    const { calls, rich } = userFunction.instance()
    const { output } = operatorContext
    super(operatorContext, rich, keySelector)
    this.#calls = calls
    this.#methods = userFunction.methods
    this.#keySelector = keySelector
    this.#descriptors = descriptors
    // The caller's types for a name, here and below; nothing at run time tells them apart.
    const reads: ReadsBroadcastState = {
      getBroadcastState: (d) => this.#state(d.name).toRead as ReadOnlyBroadcastState<never, never>,
    }
    this.#scope = new ProcessScope({
      operatorContext,
      guard: this.guard,
      keyed: this.keyed,
      onTimer: timerMethod(rich),
      more: reads,
    })
    const { timestamp, timerService } = this.#scope.context
    this.#broadcastContext = {
      timestamp,
      currentProcessingTime: () => timerService().currentProcessingTime(),
      currentWatermark: () => timerService().currentWatermark(),
      getBroadcastState: (d) =>
        this.#state(d.name).toChange as unknown as BroadcastState<never, never>,
    }
    this.#watermark = new CombinedWatermark(2, {
      emitWatermark: (timestampMs) => {
        this.#scope.advanceWatermark(timestampMs, () => output.emitWatermark(timestampMs))
      },
      emitWatermarkStatus: (status) => output.emitWatermarkStatus(status),
    })
    if (operatorContext.jobType === 'BATCH') {
      this.nextSelection = () => (this.#hasAllBroadcast ? 'ALL' : 'SECOND')
    }
  }

  /** Also a plain function has its state of the key, in timers and contexts. */
  protected override usesKeys(): boolean {
    return true
  }

  override initializeState(context: StateInitializationContext): void | Promise<void> {
    for (const descriptor of this.#descriptors) {
      const { name } = descriptor
      const state = context.operatorState().getBroadcastState(descriptor)
      const check = () => {
        if (this.#scope.collector.isInCall) return
        throw new UsedOutsideCallError(`state '${name}'`, this.guard.operatorName)
      }
      const toRead = guardedReadOnlyState(state, check)
      this.#states.set(name, { toRead, toChange: guardedBroadcastState(state, check) })
    }
    return super.initializeState(context)
  }

  override open(): void | Promise<void> {
    this.#scope.open()
    return super.open()
  }

  processElement1(value: unknown, timestamp: number): void {
    const key = this.#keySelector === undefined ? undefined : () => this.keyed!.begin(value)
    this.#process(0, value, { timestamp, key, context: this.#scope.context })
  }

  processElement2(value: unknown, timestamp: number): void {
    this.#process(1, value, { timestamp, key: undefined, context: this.#broadcastContext })
  }

  endInput(input: 1 | 2): void {
    if (input === 2) this.#hasAllBroadcast = true
  }

  processWatermark1(timestampMs: number): void {
    this.#watermark.updateWatermark(0, timestampMs)
  }

  processWatermark2(timestampMs: number): void {
    this.#watermark.updateWatermark(1, timestampMs)
  }

  processWatermarkStatus1(status: 'ACTIVE' | 'IDLE'): void {
    this.#watermark.updateStatus(0, status)
  }

  processWatermarkStatus2(status: 'ACTIVE' | 'IDLE'): void {
    this.#watermark.updateStatus(1, status)
  }

  #process(
    input: 0 | 1,
    value: unknown,
    at: { timestamp: number; key: (() => unknown) | undefined; context: unknown },
  ): void {
    const scope = this.#scope
    const method = this.#methods[input]
    let result: unknown
    try {
      // Before the call, which may change the element.
      scope.begin(at.timestamp, at.key?.())
      result = this.#calls[input](value, at.context, scope.collector)
    } catch (error) {
      throw scope.failed(method, error)
    }
    scope.end(method, result)
  }

  #state(name: string): GuardedState {
    // For its check that a call is going on.
    void this.#scope.collector.timestamp
    const state = this.#states.get(name)
    if (state !== undefined) return state
    const names = this.#descriptors.map((d) => `'${d.name}'`).join(', ')
    throw new InvalidProgramError(
      `Operator '${this.guard.operatorName}' asked for the broadcast state '${name}', but the stream was broadcast with ` +
        `${names}; name all states in broadcast(…)`,
    )
  }
}
