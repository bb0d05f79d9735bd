import { ManualClock } from '@flink-ts/core/testing'
import {
  OperatorChain,
  type OperatorContext,
  type OperatorFactory,
  StreamTask,
  type StreamTaskOptions,
} from '@flink-ts/runtime'
import { TestingInput, TestingOutput } from './testing-input.js'
import { operator } from './testing-job.js'

/** A task of the one operator `map` with gates and a partition that the test holds. */
export function testingTask(
  factory: OperatorFactory,
  options: {
    inputs?: readonly TestingInput[]
    bufferTimeoutMs?: number
    checkpoints?: StreamTaskOptions['checkpoints']
  } = {},
) {
  const clock = new ManualClock()
  const inputs = options.inputs ?? [new TestingInput()]
  const output = new TestingOutput()
  const states: string[] = []
  let wakes = 0
  let error: unknown
  const task = new StreamTask({
    name: 'task (1/1)',
    clock,
    loadCode: () => ({ operators: new Map([['map', factory]]), edges: new Map() }),
    assemble: (code, mailbox) => ({
      inputs,
      outputs: [output],
      chain: new OperatorChain({
        operators: [operator('map')],
        code: code.operators,
        networkOutputs: new Map([[operator('map').operatorId, [output]]]),
        objectReuse: false,
        createContext: (_descriptor, out) =>
          ({ output: out, mailbox }) as unknown as OperatorContext,
      }),
    }),
    bufferTimeoutMs: options.bufferTimeoutMs ?? -1,
    ...(options.checkpoints !== undefined && { checkpoints: options.checkpoints }),
    wake: () => {
      wakes++
    },
    onStateChange: (state, cause) => {
      states.push(state)
      error = cause
    },
  })
  /** Steps until the task waits or ends, letting promises settle in between. */
  const run = async () => {
    for (let i = 0; i < 20; i++) {
      while (task.step() === 'CONTINUE') {}
      await new Promise(setImmediate)
    }
  }
  /** Steps until the task runs. */
  const start = async () => {
    while (task.state !== 'RUNNING') {
      task.step()
      await new Promise(setImmediate)
    }
  }
  return {
    clock,
    task,
    input: inputs[0]!,
    inputs,
    output,
    states,
    run,
    start,
    wakes: () => wakes,
    error: () => error,
  }
}
