import type { Clock } from '@flink-ts/core'
import type { NetworkContext } from '../environment/network-context.js'
import { InputGate, type InputGateHandle } from '../gate/input-gate.js'
import type { WritablePartition } from '../partition/channel-output.js'
import {
  ResultPartition,
  type ResultPartitionHandle,
  type ResultPartitionOptions,
} from '../partition/result-partition.js'
import type { TaskShuffle } from './shuffle-service.js'

/** A task's access to the network of its TaskManager. */
export class NetworkTaskShuffle implements TaskShuffle {
  readonly #context: NetworkContext

  constructor(context: NetworkContext) {
    this.#context = context
  }

  attachPartition(handle: unknown, options: ResultPartitionOptions): WritablePartition {
    return ResultPartition.attach(handle as ResultPartitionHandle, this.#context, options)
  }

  attachGate(handle: unknown, clock: Clock): InputGate {
    return InputGate.attach(handle as InputGateHandle, this.#context, clock)
  }
}
