import type { Handler, Route } from '../server/handler.js'
import { hexPathParameter } from '../server/parameters.js'
import { RestHandlerError } from '../server/rest-handler-error.js'

/** The status of calls that are known and not in this release. */
const NOT_IMPLEMENTED = 501

/** Refuses, once it is clear that there is such a job. */
function refused(what: string): Handler {
  return async (request, context) => {
    const jobId = hexPathParameter(request, 'jobid')
    await context.dispatcher().requestJobStatus({ jobId })
    throw new RestHandlerError(
      `Cannot ${what} job ${jobId}: there are no savepoints in this release; PATCH /jobs/${jobId}?mode=cancel ends the job`,
      NOT_IMPLEMENTED,
    )
  }
}

/** Calls that take a savepoint: refused until there are savepoints. */
export const savepointRoutes: readonly Route[] = [
  { method: 'POST', path: '/jobs/:jobid/stop', handler: refused('stop') },
  { method: 'POST', path: '/jobs/:jobid/savepoints', handler: refused('take a savepoint of') },
]
