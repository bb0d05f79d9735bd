export {
  type Credentials,
  type CredentialsFormat,
  formatCredentials,
  InvalidCredentialsError,
  parseCredentials,
  tokenOfKind,
} from './credentials/credentials.js'
export {
  type CallOutcome,
  HadoopAuthenticationError,
  HadoopConnectionError,
  HadoopProtocolError,
} from './ipc/hadoop-errors.js'
export { IpcClient } from './ipc/ipc-client.js'
export type { IpcAuthentication, IpcClientOptions } from './ipc/ipc-settings.js'
export type { IpcSocket, IpcSocketConnector, IpcSocketHandlers } from './ipc/ipc-socket.js'
export {
  isApplicationAttemptNotFound,
  isApplicationMasterNotRegistered,
  isInvalidApplicationMasterRequest,
  isInvalidResourceRequest,
  isInvalidToken,
  isSafeMode,
  isStandby,
  RemoteException,
  remoteExceptionOf,
} from './ipc/remote-exception.js'
export { connectTcpIpcSocket } from './ipc/tcp-ipc-socket.js'
export {
  type ApplicationMasterClientOptions,
  createApplicationMasterClient,
} from './yarn/application-master-client.js'
export { ContainerExitStatus, describeContainerExitStatus } from './yarn/container-exit-status.js'
export { InvalidLocalResourceError } from './yarn/convert/launch-context.js'
export {
  type ApplicationIdParts,
  applicationIdOf,
  type ContainerIdParts,
  formatApplicationId,
  formatContainerId,
  InvalidYarnIdError,
  parseApplicationId,
  parseContainerId,
} from './yarn/ids.js'
export { nodeManagerConnector } from './yarn/node-manager-client.js'
export type {
  AllocateRequest,
  AllocateResponse,
  AmCommand,
  ApplicationMasterProtocol,
  ContainerLaunchContext,
  ContainerManagementProtocol,
  FinalApplicationStatus,
  FinishApplicationMasterRequest,
  HadoopCallOptions,
  LocalResource,
  LocalResourceType,
  LocalResourceVisibility,
  NodeManagerConnector,
  RegisterApplicationMasterRequest,
  RegisterApplicationMasterResponse,
  StartContainersResponse,
} from './yarn/protocols.js'
export type {
  ApplicationId,
  Container,
  ContainerId,
  ContainerState,
  ContainerStatus,
  NodeId,
  NodeManagerToken,
  NodeReport,
  NodeState,
  PreemptionMessage,
  ResourceRequest,
  Token,
  YarnResource,
} from './yarn/records.js'
