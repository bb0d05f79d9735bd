import { NetworkContext, type NetworkContextHandle } from '../environment/network-context.js'
import { NetworkTaskShuffle } from './network-task-shuffle.js'
import type { TaskShuffle, TaskShuffleHandle } from './shuffle-service.js'

/** In a task's thread: what its TaskManager's `taskShuffleHandle` stands for. */
export async function attachTaskShuffle({ module, data }: TaskShuffleHandle): Promise<TaskShuffle> {
  if (module === undefined) {
    return new NetworkTaskShuffle(NetworkContext.attach(data as NetworkContextHandle))
  }
  const service: { attachTaskShuffle(data: unknown): TaskShuffle | Promise<TaskShuffle> } =
    await import(module)
  return service.attachTaskShuffle(data)
}
