import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { type Random, SeededRandom } from '@flink-ts/core'

/**
 * Makes time and chance the submission's own: while it is frozen, `Date`, `Math.random` and the
 * functions of `crypto` answer the same in the client and in every trace. Whoever kept one of them
 * (`const { now } = Date`) gets the real one as soon as it is thawed.
 */
export class FrozenWorld {
  readonly #timeMs: number
  readonly #random: Random
  readonly #restores: (() => void)[] = []
  #suspensions = 0
  #installed = false

  constructor(options: { submissionTimeMs: number; randomSeed: number }) {
    this.#timeMs = options.submissionTimeMs
    this.#random = new SeededRandom(options.randomSeed)
  }

  install(): void {
    this.#installed = true
    this.#replace(globalThis, 'Date', this.#frozenDate())
    this.#replaceFunction(Math, 'random', () => this.#random.next())
    const bytes = (length: number) => Buffer.from(this.#random.hex(length), 'hex')
    const uuid = () => this.#random.uuid()
    this.#replaceFunction(crypto, 'randomUUID', uuid)
    this.#replaceFunction(crypto, 'randomBytes', bytes, (args) => args.length === 1)
    this.#replaceFunction(
      crypto,
      'randomInt',
      (first: number, second?: number) =>
        second === undefined
          ? this.#random.nextInt(first)
          : first + this.#random.nextInt(second - first),
      (args) => typeof args.at(-1) !== 'function',
    )
    const fill = (view: ArrayBufferView) => {
      Buffer.from(view.buffer, view.byteOffset, view.byteLength).set(bytes(view.byteLength))
      return view
    }
    const web = Object.getPrototypeOf(crypto.webcrypto) as object
    this.#replaceFunction(web, 'randomUUID', uuid)
    this.#replaceFunction(web, 'getRandomValues', fill)
    syncBuiltinESMExports()
  }

  /** Real time and chance until the returned function is called. */
  suspend(): () => void {
    this.#suspensions++
    let resumed = false
    return () => {
      if (resumed) return
      resumed = true
      this.#suspensions--
    }
  }

  /** Real time and chance while `work` runs. */
  async suspended<T>(work: () => T | Promise<T>): Promise<T> {
    const resume = this.suspend()
    try {
      return await work()
    } finally {
      resume()
    }
  }

  restore(): void {
    this.#installed = false
    for (const restore of this.#restores.splice(0).reverse()) restore()
    syncBuiltinESMExports()
  }

  get #isFrozen(): boolean {
    return this.#installed && this.#suspensions === 0
  }

  #frozenDate(): DateConstructor {
    const real = Date
    const isFrozen = () => this.#isFrozen
    const timeMs = this.#timeMs
    const now = () => (isFrozen() ? timeMs : real.now())
    const frozen: DateConstructor = new Proxy(real, {
      apply: () => (isFrozen() ? new real(timeMs) : new real()).toString(),
      construct: (_target, args, newTarget) =>
        Reflect.construct(
          real,
          args.length === 0 && isFrozen() ? [timeMs] : args,
          newTarget === frozen ? real : newTarget,
        ) as object,
      get: (target, property) => (property === 'now' ? now : Reflect.get(target, property)),
    })
    return frozen
  }

  #replaceFunction(
    target: object,
    name: string,
    // Signatures of the replaced functions differ; each replacement matches its own.
    // biome-ignore lint/suspicious/noExplicitAny: see above
    replacement: (...args: any[]) => unknown,
    applies: (args: unknown[]) => boolean = () => true,
  ): void {
    const real = (target as Record<string, (...args: unknown[]) => unknown>)[name]!
    const isFrozen = () => this.#isFrozen
    this.#replace(target, name, function (this: unknown, ...args: unknown[]) {
      return isFrozen() && applies(args) ? replacement(...args) : real.apply(this, args)
    })
  }

  #replace(target: object, name: string, value: unknown): void {
    const descriptor = Object.getOwnPropertyDescriptor(target, name)!
    Object.defineProperty(target, name, {
      value,
      writable: true,
      configurable: true,
      enumerable: descriptor.enumerable ?? false,
    })
    this.#restores.push(() => Object.defineProperty(target, name, descriptor))
  }
}
