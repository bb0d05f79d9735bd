/* Adapter: chance for the ids of jobs, which are made where a program runs. */
import { type JobId, newHexId, SystemRandom } from '@flink-ts/core'

/** An id that no other job has. Whoever replays a program puts another one in its place. */
export function newJobId(): JobId {
  return newHexId<JobId>(new SystemRandom())
}
