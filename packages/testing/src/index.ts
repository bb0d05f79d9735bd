// harness
export type { OutputRecord } from './harness/collecting-output.js'
export { OneInputOperatorTestHarness } from './harness/one-input-operator-test-harness.js'
export type { OperatorTestHarness } from './harness/operator-test-harness.js'
export type { OperatorTestState } from './harness/operator-test-state.js'
export type { OperatorTestHarnessOptions } from './harness/operator-under-test.js'
export { TwoInputOperatorTestHarness } from './harness/two-input-operator-test-harness.js'
// scenarios
export {
  runScenario,
  type ScenarioOptions,
  type ScenarioOutcome,
} from './scenarios/run-scenario.js'
export { type RunSeedsOptions, runSeeds, type SimulationSummary } from './scenarios/run-seeds.js'
export type { Scenario, ScenarioContext } from './scenarios/scenario.js'
export { SCENARIOS } from './scenarios/scenarios.js'
export { hundredLeaders } from './scenarios/zookeeper.js'
// simulation
export type { SimulatedProgram } from './simulation/cluster/record-program.js'
export { SimulatedCluster } from './simulation/cluster/simulated-cluster.js'
export type { SimulatedClusterOptions } from './simulation/cluster/simulated-cluster-options.js'
export type { SimulatedJob } from './simulation/cluster/simulated-job.js'
export {
  InvariantViolation,
  type LogObservation,
  type SimulatedWorld,
  type SimulatedWorldOptions,
} from './simulation/cluster/simulated-world.js'
export { SimulationTimeoutError } from './simulation/cluster/simulation-timeout-error.js'
export { CrashPoints, type CrashPointsOptions } from './simulation/crash-points/crash-points.js'
export { addFaultCounts, FaultCounts } from './simulation/nemesis/fault-counts.js'
export { CALM_NETWORK, type NetworkFaults } from './simulation/network/seeded-rpc-policy.js'
export { ProcessClock } from './simulation/time/process-clock.js'
export { type RunBounds, type RunOutcome, VirtualTime } from './simulation/time/virtual-time.js'
export {
  renderTraceEvent,
  SimulationTrace,
  type TraceEvent,
} from './simulation/trace/simulation-trace.js'
export {
  SimulatedZooKeeper,
  type SimulatedZooKeeperOptions,
} from './simulation/zookeeper/simulated-zookeeper.js'
export { SimulatedZooKeeperClient } from './simulation/zookeeper/simulated-zookeeper-client.js'
export type {
  CutNotice,
  SimulatedZooKeeperClientSettings,
} from './simulation/zookeeper/simulated-zookeeper-servers.js'
export { zooKeeperContract } from './simulation/zookeeper/zookeeper-contract.js'
export type { ZooKeeperObserver } from './simulation/zookeeper/zookeeper-observer.js'
export type {
  ZooKeeperPromise,
  ZooKeeperTestClientOptions,
  ZooKeeperUnderTest,
} from './simulation/zookeeper/zookeeper-under-test.js'
