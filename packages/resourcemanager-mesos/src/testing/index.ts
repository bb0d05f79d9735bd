export {
  type AgentFigures,
  type AgentResource,
  type AgentSpec,
  agentResources,
  agentSpec,
} from './agent-spec.js'
export { SimulatedAgent } from './simulated-agent.js'
export { SimulatedMesos, type SimulatedMesosOptions } from './simulated-mesos.js'
export { SimulatedScheduler } from './simulated-scheduler.js'
export type { SimulatedTask, TaskLaunch } from './simulated-task.js'
export { RUNS_FOREVER, type SimulatedTaskProcess, type TaskBehaviour } from './task-behaviour.js'
