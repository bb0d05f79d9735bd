import type { ProgramDescriptor } from '../jobgraph/job-graph.js'
import { IncompatibleClientError } from './dispatcher-errors.js'

/** What this cluster runs. */
export interface ClusterVersion {
  /** Semantic version of flink-ts. */
  readonly version: string
  readonly nodeMajor: number
}

/**
 * A program runs again in every task thread and must come out the same: client and cluster need the same
 * major version (below 1.0: minor version) and the same Node major.
 *
 * @throws IncompatibleClientError
 */
export function checkClientCompatibility(
  program: ProgramDescriptor,
  cluster: ClusterVersion,
): void {
  if (compatibilityLine(program.clientVersion) !== compatibilityLine(cluster.version)) {
    throw new IncompatibleClientError(
      `Cannot run a job of client version ${program.clientVersion} on a cluster of version ${cluster.version}: ` +
        `use a client of version ${compatibilityLine(cluster.version)}.x`,
    )
  }
  if (program.nodeMajor !== cluster.nodeMajor) {
    throw new IncompatibleClientError(
      `Cannot run a job that was prepared by Node.js ${program.nodeMajor} on a cluster of Node.js ${cluster.nodeMajor}: ` +
        `run the client with Node.js ${cluster.nodeMajor}`,
    )
  }
}

function compatibilityLine(version: string): string {
  const [major = '', minor = ''] = version.split('.')
  return major === '0' ? `0.${minor}` : major
}
