import type { SlotSharingGroupResources } from '@flink-ts/runtime/program'
import { checkText } from '../datastream/operator-settings.js'
import { InvalidProgramError } from '../functions/errors.js'

const MB = 1024 * 1024

/**
 * Operators whose subtasks may share slots, and what each of these slots must have. Without resources its
 * slots are equal shares of a TaskManager. Immutable.
 */
export class SlotSharingGroup {
  readonly #name: string
  readonly #resources: SlotSharingGroupResources | undefined

  /** @internal */
  constructor(name: string, resources: SlotSharingGroupResources | undefined) {
    this.#name = name
    this.#resources = resources
  }

  /** Builds one; without any resources if none are set. @throws InvalidProgramError if the name is not a text */
  static newBuilder(name: string): SlotSharingGroupBuilder {
    return new SlotSharingGroupBuilder(checkText('the name of a slot sharing group', name))
  }

  getName(): string {
    return this.#name
  }

  /** Cores per slot; undefined: no resources are set. */
  getCpuCores(): number | undefined {
    return this.#resources?.cpuCores
  }

  /** Memory in bytes and external resources per slot; undefined: none are set. @internal */
  get resources(): SlotSharingGroupResources | undefined {
    return this.#resources
  }
}

/** Sets what each slot of a {@link SlotSharingGroup} must have. */
export class SlotSharingGroupBuilder {
  readonly #name: string
  readonly #external: Record<string, number> = {}
  #cpuCores: number | undefined
  #taskHeapMb: number | undefined
  #taskOffHeapMb: number | undefined
  #managedMb: number | undefined

  /** @internal */
  constructor(name: string) {
    this.#name = name
  }

  /** Cores, also a fraction of one. Needs task heap memory as well. */
  setCpuCores(cpuCores: number): this {
    this.#cpuCores = this.#checkPositive('CPU cores', cpuCores)
    return this
  }

  /** Heap of all tasks in a slot, in MB. Needs CPU cores as well. */
  setTaskHeapMemoryMB(megabytes: number): this {
    this.#taskHeapMb = this.#checkPositive('MB of task heap memory', megabytes)
    return this
  }

  /** In MB; 0 unless set. */
  setTaskOffHeapMemoryMB(megabytes: number): this {
    this.#taskOffHeapMb = this.#checkMegabytes('MB of task off-heap memory', megabytes)
    return this
  }

  /** Managed memory, in MB; 0 unless set. */
  setManagedMemoryMB(megabytes: number): this {
    this.#managedMb = this.#checkMegabytes('MB of managed memory', megabytes)
    return this
  }

  /** Such as 1 `gpu`. TaskManagers tell what they have (`external-resources`). */
  setExternalResource(name: string, amount: number): this {
    checkText('the name of an external resource', name)
    this.#external[name] = this.#checkPositive(`of external resource '${name}'`, amount)
    return this
  }

  /** @throws InvalidProgramError if something is set, but not both CPU cores and task heap memory */
  build(): SlotSharingGroup {
    const cpuCores = this.#cpuCores
    const taskHeapMb = this.#taskHeapMb
    const others = [this.#taskOffHeapMb, this.#managedMb, ...Object.values(this.#external)]
    if (
      cpuCores === undefined &&
      taskHeapMb === undefined &&
      others.every((o) => o === undefined)
    ) {
      return new SlotSharingGroup(this.#name, undefined)
    }
    if (cpuCores === undefined || taskHeapMb === undefined) {
      throw new InvalidProgramError(
        `Cannot build slot sharing group '${this.#name}': with any resource set, CPU cores and task heap memory ` +
          `must be set as well, and ${cpuCores === undefined ? 'setCpuCores' : 'setTaskHeapMemoryMB'} was not called`,
      )
    }
    return new SlotSharingGroup(this.#name, {
      cpuCores,
      taskHeapBytes: Math.ceil(taskHeapMb * MB),
      taskOffHeapBytes: Math.ceil((this.#taskOffHeapMb ?? 0) * MB),
      managedBytes: Math.ceil((this.#managedMb ?? 0) * MB),
      extendedResources: { ...this.#external },
    })
  }

  #checkPositive(what: string, value: number): number {
    if (Number.isFinite(value) && value > 0) return value
    return this.#refuse(what, value, 'a number above 0')
  }

  #checkMegabytes(what: string, value: number): number {
    if (Number.isFinite(value) && value >= 0) return value
    return this.#refuse(what, value, 'a number of at least 0')
  }

  #refuse(what: string, value: unknown, expected: string): never {
    throw new InvalidProgramError(
      `Cannot give slot sharing group '${this.#name}' ${value} ${what}: expected ${expected}`,
    )
  }
}
