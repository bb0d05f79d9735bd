import type { Logger } from '@flink-ts/core'
import type { FencingToken, MainThreadExecutor, RpcService } from '@flink-ts/rpc'
import { JOB_MASTER_GATEWAY } from '../messages/gateways.js'
import type {
  EndpointAddress,
  JobMasterGateway,
  RegisterTaskManagerSuccess,
  TaskManagerLocation,
} from '../messages/messages.generated.js'
import type { RegistrationSettings } from '../registration/registration-settings.js'
import { RetryingRegistration } from '../registration/retrying-registration.js'

export interface JobConnectionOptions {
  readonly jobId: string
  readonly jobMaster: EndpointAddress
  readonly token: FencingToken
  readonly rpcService: RpcService
  readonly mainThread: MainThreadExecutor
  readonly log: Logger
  readonly registration: RegistrationSettings
  /** Of the TaskExecutor. */
  readonly address: EndpointAddress
  readonly location: () => TaskManagerLocation
  readonly onRegistered: () => void
  /** It was registered and the connection broke. */
  readonly onLost: (cause: Error) => void
}

/** The TaskExecutor's side of its relation to one JobMaster, as long as it has something to do with it. */
export class JobConnection {
  readonly jobId: string
  readonly token: FencingToken
  /** Usable also while not registered: what is sent carries the JobMaster's token. */
  readonly gateway: JobMasterGateway
  readonly #options: JobConnectionOptions
  readonly #unsubscribe: () => void
  #registration: RetryingRegistration<RegisterTaskManagerSuccess> | undefined

  constructor(options: JobConnectionOptions) {
    this.#options = options
    this.jobId = options.jobId
    this.token = options.token
    const { rpcService, jobMaster, token, mainThread } = options
    const { address, endpointId } = jobMaster
    this.gateway = rpcService.connect<JobMasterGateway>(address, endpointId, JOB_MASTER_GATEWAY, {
      fencingToken: token,
    })
    this.#unsubscribe = rpcService.onConnectionLost(address, (reason) =>
      mainThread.execute(() => {
        if (this.isRegistered) options.onLost(reason)
      }),
    )
  }

  get isRegistered(): boolean {
    return this.#registration?.isRegistered ?? false
  }

  /** Registers at the JobMaster, again if it was registered already. */
  connect(): void {
    this.#registration?.cancel()
    const { jobId, jobMaster, mainThread, log, registration, address, location } = this.#options
    this.#registration = new RetryingRegistration<RegisterTaskManagerSuccess>({
      target: `JobMaster ${jobMaster.address}/${jobMaster.endpointId}`,
      mainThread,
      log,
      settings: registration,
      register: (timeoutMs) =>
        this.gateway.registerTaskManager(
          { jobId, taskExecutor: address, location: location() },
          { timeoutMs },
        ),
      onRegistered: () => this.#options.onRegistered(),
    })
    this.#registration.start()
  }

  close(): void {
    this.#registration?.cancel()
    this.#registration = undefined
    this.#unsubscribe()
  }
}
