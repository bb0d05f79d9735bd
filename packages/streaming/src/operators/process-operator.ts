import type { RichFunction } from '@flink-ts/core'
import type { ProcessContext } from '../functions/function-types.js'
import type { CallCollector } from './call-collector.js'
import { FunctionOperator, type FunctionOperatorOptions } from './function-operator.js'
import { type OnTimer, ProcessScope } from './process-scope.js'

type Process = (value: unknown, context: ProcessContext, out: CallCollector) => unknown

/** What a {@link ProcessOperator} is made of. */
export interface ProcessOperatorOptions extends FunctionOperatorOptions<Process> {
  /** Of a plain function; that of an object is a method of it. */
  readonly onTimer?: OnTimer
}

/** Hands each element, its context and a collector to the function; with and without keys. With keys it has timers. */
export class ProcessOperator extends FunctionOperator<Process> {
  readonly #scope: ProcessScope

  constructor(options: ProcessOperatorOptions) {
    super(options)
    const { operatorContext, onTimer } = options
    const { guard, keyed, rich } = this
    this.#scope = new ProcessScope({
      operatorContext,
      guard,
      keyed,
      onTimer: onTimer ?? timerMethod(rich),
    })
  }

  protected override usesKeys(): boolean {
    return true
  }

  override open(): void | Promise<void> {
    this.#scope.open()
    return super.open()
  }

  override processElement(value: unknown, timestamp: number): void {
    const scope = this.#scope
    let result: unknown
    try {
      // Before the call, which may change the element.
      scope.begin(timestamp, this.keyed?.begin(value))
      result = this.call(value, scope.context, scope.collector)
    } catch (error) {
      throw scope.failed('processElement', error)
    }
    scope.end('processElement', result)
  }

  override processWatermark(timestampMs: number): void {
    this.#scope.advanceWatermark(timestampMs, () => this.output.emitWatermark(timestampMs))
  }
}

/** The method of a function object that timers call, if it has one. */
export function timerMethod(rich: RichFunction | undefined): OnTimer | undefined {
  const { onTimer } = (rich ?? {}) as { readonly onTimer?: OnTimer }
  return onTimer?.bind(rich)
}
