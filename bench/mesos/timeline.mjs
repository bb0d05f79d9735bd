/** Of ours: `2026-11-22 05:55:24,000 INFO  …`; of Mesos: `I1122 05:55:24.164623 12389 …`, without a year. Both in local time. */
const OURS = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d),(\d{3})/
const MESOS = /^[IWEF](\d\d)(\d\d) (\d\d:\d\d:\d\d\.\d{6})/

function timeOf(line) {
  const ours = OURS.exec(line)
  if (ours !== null) return Date.parse(`${ours[1]}T${ours[2]}.${ours[3]}`)
  const mesos = MESOS.exec(line)
  if (mesos === null) return undefined
  const [, month, day, time] = mesos
  const micros = Number(time.slice(-3)) / 1000
  return Date.parse(`${new Date().getFullYear()}-${month}-${day}T${time.slice(0, -3)}`) + micros
}

/**
 * What a job went through that needed one TaskManager, in ms since 1970: from the logs of the JobManager, the TaskManager, master and
 * agent, all on one machine.
 *
 * @param logs `jobManager`, `master` and `agent`: text; `taskManager`: of the id of a task, its text
 * @param begin when the client was started
 */
export function timelineOf({ begin, logs }) {
  const find = (name, ...words) => findAfter(begin, name, words)
  const findAfter = (from, name, words) => {
    for (const line of logs[name].split('\n')) {
      if (!words.every((word) => line.includes(word))) continue
      const time = timeOf(line)
      if (time !== undefined && time >= from) return { time, line }
    }
    throw new Error(`No line of the ${name} with ${words.join(', ')}`)
  }
  const submitted = find('jobManager', 'Job was submitted')
  const jobId = /jobId=([0-9a-f]{32})/.exec(submitted.line)[1]
  const wanted = find('jobManager', 'A task is wanted')
  const taskId = /taskId=(\S+)/.exec(wanted.line)[1]
  const revived = findAfter(begin, 'master', ['Processing REVIVE call'])
  // Said at once when offers had come that are enough: the last ones before it.
  const suppressed = findAfter(revived.time, 'master', ['Processing SUPPRESS call'])
  const offered = logs.master
    .split('\n')
    .filter((line) => line.includes('Sending offers ['))
    .map(timeOf)
    .findLast((time) => time >= revived.time && time <= suppressed.time)
  if (offered === undefined) throw new Error('No line of the master with Sending offers')
  const taskManager = logs.taskManager(taskId)
  const start = taskManager.split('\n').find((line) => line.includes('Starting TaskManager'))
  const running = logs.jobManager
    .split('\n')
    .filter((line) => line.includes(jobId) && line.includes('Task changed its state'))
    .filter((line) => line.includes('to=RUNNING'))
    .map(timeOf)
  return {
    taskId,
    jobId,
    begin,
    submitted: submitted.time,
    wanted: wanted.time,
    revived: revived.time,
    offered,
    accepted: findAfter(revived.time, 'master', ['Processing ACCEPT call']).time,
    forked: findAfter(revived.time, 'agent', ['Forked child']).time,
    starting: find('agent', 'Handling status update TASK_STARTING', taskId).time,
    started: timeOf(start),
    registered: find('jobManager', 'TaskManager registered at the JobMaster', taskId).time,
    running: Math.max(...running),
  }
}

/** Seconds of each part of the way from the start of the client to the last task RUNNING. */
export function partsOf(at) {
  const seconds = (from, to) => (at[to] - at[from]) / 1000
  const offerCycle = seconds('revived', 'offered')
  const launch = seconds('accepted', 'starting')
  const total = seconds('submitted', 'running')
  return {
    'submitted to tasks RUNNING': total,
    "less the master's offer cycle": total - offerCycle,
    "less the offer cycle and the agent's launch of an executor": total - offerCycle - launch,
    'client start to tasks RUNNING': seconds('begin', 'running'),
    'client start to submitted': seconds('begin', 'submitted'),
    'submitted to wish for a task': seconds('submitted', 'wanted'),
    'wish to REVIVE at the master': seconds('wanted', 'revived'),
    'Mesos: REVIVE to offers that are enough': offerCycle,
    'offers to ACCEPT at the master': seconds('offered', 'accepted'),
    'Mesos: ACCEPT to process of the executor': seconds('accepted', 'forked'),
    'executor (a stand-in) to TASK_STARTING': seconds('forked', 'starting'),
    'TASK_STARTING to first line of the TaskManager': seconds('starting', 'started'),
    'TaskManager to registered': seconds('started', 'registered'),
    'registered to tasks RUNNING': seconds('registered', 'running'),
  }
}
