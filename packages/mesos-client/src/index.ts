export { AxiosTransport, type MesosTls } from './http/axios-transport.js'
export type { MesosRequest, MesosResponse, MesosTransport } from './http/mesos-transport.js'
export {
  checkMesosMaster,
  createMasterDetector,
  type MasterDetectorOptions,
} from './master/create-master-detector.js'
export type { MasterDetector } from './master/master-detector.js'
export { type MasterAddress, type MesosMaster, parseMesosMaster } from './master/mesos-master.js'
export { MesosMasterError } from './master/mesos-master-error.js'
export { MesosProtocolError } from './mesos-protocol-error.js'
export { RecordDecoder } from './record-io/record-decoder.js'
export type { FrameworkCapability, FrameworkInfo } from './records/framework-info.js'
export type { JsonObject, JsonValue } from './records/json.js'
export type { InverseOffer, Offer } from './records/offer.js'
export type { MesosAttribute, MesosRange, MesosResource } from './records/resources.js'
export type {
  CommandInfo,
  CommandUri,
  ContainerInfo,
  MesosVolume,
  TakenResource,
  TaskInfo,
} from './records/task-info.js'
export type { MesosTaskState, TaskStatus } from './records/task-status.js'
export { type MesosCredentials, MesosCredentialsError } from './scheduler/basic-authorization.js'
export { createMesosScheduler } from './scheduler/create-mesos-scheduler.js'
export { HttpMesosScheduler } from './scheduler/http-mesos-scheduler.js'
export { MesosCallError } from './scheduler/mesos-call-error.js'
export type {
  MesosScheduler,
  SchedulerListener,
  Subscription,
  SubscriptionEnd,
} from './scheduler/mesos-scheduler.js'
export type {
  MesosSchedulerLimits,
  MesosSchedulerOptions,
} from './scheduler/mesos-scheduler-options.js'
export type { SchedulerCall, TaskReference } from './scheduler/scheduler-calls.js'
export type { SchedulerEvent } from './scheduler/scheduler-events.js'
