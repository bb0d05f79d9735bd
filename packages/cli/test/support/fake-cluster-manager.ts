import { Configuration, FlinkError } from '@flink-ts/core'
import { ClusterSecret } from '@flink-ts/core/security'
import type {
  ApplicationDeployment,
  ClusterDescriptor,
  ClusterDescriptorContext,
  ClusterHandle,
  ClusterReport,
  JobDeployment,
} from '@flink-ts/runtime'

export const APPLICATION_ID = 'application_1700000000000_0001'

/** Clusters that are deployed nowhere: what was asked for is written down, and a test says how they are. */
export class FakeClusterManager {
  readonly imported: string[] = []
  readonly contexts: ClusterDescriptorContext[] = []
  /** What was done, in order. */
  readonly calls: string[] = []
  readonly jobs: JobDeployment[] = []
  readonly applications: ApplicationDeployment[] = []
  readonly secret = ClusterSecret.fromText('f'.repeat(40), 'a test')
  report: ClusterReport
  /** What deploying does before it answers. */
  deploying: (context: ClusterDescriptorContext) => Promise<void> = async () => {}
  /** Of `whenRunning`. */
  coming: () => Promise<ClusterReport> = async () => this.report
  reportFailure: Error | undefined
  resources: readonly string[] | undefined
  readonly #ended: ((report: ClusterReport) => void)[] = []

  constructor(restAddress = '127.0.0.1:1') {
    this.report = { state: 'RUNNING', diagnostics: '', restAddress }
  }

  /** In place of Node's. */
  readonly importModule = async (name: string): Promise<unknown> => {
    this.imported.push(name)
    if (name !== '@flink-ts/resourcemanager-yarn/deployment') {
      throw Object.assign(new Error(`Cannot find package '${name}'`), {
        code: 'ERR_MODULE_NOT_FOUND',
      })
    }
    return {
      createClusterDescriptor: (context: ClusterDescriptorContext) => {
        this.contexts.push(context)
        return this.#descriptor(context)
      },
    }
  }

  end(report: Omit<ClusterReport, 'state'>): void {
    this.report = { ...report, state: 'ENDED' }
    for (const tell of this.#ended.splice(0)) tell(this.report)
  }

  #descriptor(context: ClusterDescriptorContext): ClusterDescriptor {
    const deploy = async (kind: string) => {
      this.calls.push(`deploy ${kind}`)
      await this.deploying(context)
      return this.#handle(context)
    }
    const { resources } = this
    return {
      name: 'fake',
      deploySessionCluster: () => deploy('session'),
      deployJobCluster: (job) => {
        this.jobs.push(job)
        return deploy('job')
      },
      deployApplicationCluster: (application) => {
        this.applications.push(application)
        return deploy('application')
      },
      retrieve: async (clusterId) => {
        this.calls.push(`retrieve ${clusterId}`)
        if (clusterId === APPLICATION_ID) return this.#handle(context)
        throw new FlinkError(`${clusterId} has ended: FINISHED`, { code: 'FLINK_TESTING' })
      },
      close: async () => void this.calls.push('close'),
      ...(resources === undefined ? {} : { describeResources: async () => resources }),
    }
  }

  #handle(context: ClusterDescriptorContext): ClusterHandle {
    return {
      clusterId: APPLICATION_ID,
      configuration: context.configuration
        .clone()
        .merge(Configuration.fromMap({ 'security.rest.authentication.enabled': 'true' })),
      secret: this.secret,
      report: async () => {
        if (this.reportFailure !== undefined) throw this.reportFailure
        return this.report
      },
      whenRunning: () => this.coming(),
      whenEnded: () =>
        this.report.state === 'ENDED'
          ? Promise.resolve(this.report)
          : new Promise((resolve) => this.#ended.push(resolve)),
      kill: async () => {
        this.calls.push('kill')
        this.end({ status: 'CANCELED', diagnostics: 'killed' })
      },
    }
  }
}
