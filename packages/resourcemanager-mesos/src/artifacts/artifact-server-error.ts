import { FlinkError, MesosOptions } from '@flink-ts/core'

/** The server from which tasks get what they start with cannot listen. */
export class ArtifactServerError extends FlinkError {
  constructor(host: string, ports: string, cause: NodeJS.ErrnoException) {
    const { key } = MesosOptions.ARTIFACT_SERVER_PORT
    const remedy =
      cause.code === 'EADDRINUSE'
        ? `all of them are in use; set ${key} to ports that are free, or to 0`
        : `${cause.message}; set jobmanager.bind-host to an address of this machine, or ${key} to ports that may be used`
    super(`Cannot serve artifacts on ${host}, port ${ports}: ${remedy}`, {
      code: 'FLINK_MESOS_ARTIFACT_SERVER',
      cause,
    })
  }
}
