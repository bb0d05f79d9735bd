import type { JobOverviewBody } from '@flink-ts/rest'
import { CLUSTER_OPTIONS } from '../arguments/cluster-options.js'
import { ALL, RUNNING, SCHEDULED } from '../arguments/options.js'
import { withCluster } from '../targets/cluster-connection.js'
import type { Terminal } from '../terminal/terminal.js'
import type { Action } from './action.js'

const RULE_LENGTH = 62
const SCHEDULED_STATES = new Set(['CREATED', 'INITIALIZING'])
const ENDED_STATES = new Set(['FINISHED', 'FAILED', 'CANCELED', 'SUSPENDED'])

const two = (n: number) => String(n).padStart(2, '0')

/** `dd.MM.yyyy HH:mm:ss` in local time. */
function timestamp(ms: number): string {
  const d = new Date(ms)
  const day = `${two(d.getDate())}.${two(d.getMonth() + 1)}.${d.getFullYear()}`
  return `${day} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`
}

function show(terminal: Terminal, title: string, jobs: readonly JobOverviewBody[]): void {
  const dashes = RULE_LENGTH - title.length - 2
  const left = Math.floor(dashes / 2)
  terminal.out(`${'-'.repeat(left)} ${title} ${'-'.repeat(dashes - left)}`)
  for (const job of jobs) {
    const waiting = job['waiting-for'] === undefined ? '' : ` ${job['waiting-for']}`
    terminal.out(
      `${timestamp(job['start-time'])} : ${job.jid} : ${job.name} (${job.state})${waiting}`,
    )
  }
  terminal.out('-'.repeat(RULE_LENGTH))
}

/** `flink list`: the jobs of a cluster. */
export const listAction: Action = {
  name: 'list',
  summary: 'lists running and scheduled jobs.',
  positional: '',
  options: [RUNNING, SCHEDULED, ALL, ...CLUSTER_OPTIONS],
  async run(args, context) {
    const { terminal } = context
    const listed = await withCluster(args, context, (client) => {
      terminal.out('Waiting for response...')
      return client.listJobs()
    })
    const jobs = [...listed].sort((a, b) => a['start-time'] - b['start-time'])
    const both = !args.has(RUNNING) && !args.has(SCHEDULED)
    if (both || args.has(RUNNING)) {
      const running = jobs.filter(
        (j) => !SCHEDULED_STATES.has(j.state) && !ENDED_STATES.has(j.state),
      )
      if (running.length === 0) terminal.out('No running jobs.')
      else show(terminal, 'Running/Restarting Jobs', running)
    }
    if (both || args.has(SCHEDULED)) {
      const scheduled = jobs.filter((job) => SCHEDULED_STATES.has(job.state))
      if (scheduled.length === 0) terminal.out('No scheduled jobs.')
      else show(terminal, 'Scheduled Jobs', scheduled)
    }
    if (args.has(ALL)) {
      const ended = jobs.filter((job) => ENDED_STATES.has(job.state))
      if (ended.length === 0) terminal.out('No terminated jobs.')
      else show(terminal, 'Terminated Jobs', ended)
    }
    return 0
  },
}
