/** Of lines of Hadoop, Flink and ours: `2026-11-22 01:42:09,938 INFO …`, in local time. */
const TIME = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d),(\d{3})/

function timeOf(line) {
  const found = TIME.exec(line)
  return found === null ? undefined : Date.parse(`${found[1]}T${found[2]}.${found[3]}`)
}

/** When the first line came that has all of the words; undefined: none has. */
function firstLine(text, words) {
  const times = text
    .split('\n')
    .filter((line) => words.every((word) => line.includes(word)))
    .flatMap((line) => timeOf(line) ?? [])
  return times.length === 0 ? undefined : Math.min(...times)
}

/**
 * What an application with one TaskManager went through, in ms since 1970, from the logs of YARN's daemons and its own: all
 * of them are on one machine.
 *
 * @param logs `resourceManager` and `nodeManagers`: text; `master`, `worker`: text of the application's containers; `launches`:
 *   when the script of each container came to our command, by its id
 * @param words that the lines of the application's own logs have: `asked`, `registered` and `running`
 */
export function timelineOf({ applicationId, logs, words }) {
  const [master, worker] = containersOf(applicationId, logs.resourceManager)
  const find = (text, ...all) => {
    const time = firstLine(text, all)
    if (time === undefined) throw new Error(`No log line of YARN with ${all.join(', ')}`)
    return time
  }
  const own = (name, text) => {
    const time = firstLine(text, words[name])
    if (time === undefined) {
      throw new Error(`No log line of ${applicationId} with ${words[name].join(', ')}`)
    }
    return time
  }
  const { resourceManager, nodeManagers } = logs
  return {
    submitted: find(resourceManager, applicationId, 'State change from NEW to NEW_SAVING'),
    masterRuns: find(nodeManagers, master, 'from SCHEDULED to RUNNING'),
    masterLaunched: logs.launches[master],
    masterRegistered: find(resourceManager, applicationId, 'from ACCEPTED to RUNNING'),
    asked: own('asked', logs.master),
    allocated: find(resourceManager, worker, 'from NEW to ALLOCATED'),
    acquired: find(resourceManager, worker, 'from ALLOCATED to ACQUIRED'),
    startRequested: find(nodeManagers, `Start request for ${worker}`),
    workerRuns: find(nodeManagers, worker, 'from SCHEDULED to RUNNING'),
    workerLaunched: logs.launches[worker],
    workerRegistered: own('registered', logs.master),
    taskRuns: own('running', logs.worker),
    // Its clients see it FINISHED from here on.
    finished: find(resourceManager, applicationId, 'from FINAL_SAVING to FINISHING'),
  }
}

/** The ids of all containers that YARN allocated for it, in their order. */
export function containersOf(applicationId, resourceManagerLog) {
  const number = applicationId.slice('application_'.length)
  const pattern = new RegExp(
    `container_(?:e\\d+_)?${number}_01_\\d+(?= Container Transitioned)`,
    'g',
  )
  return [...new Set(resourceManagerLog.match(pattern) ?? [])].sort()
}

/**
 * Seconds of each part of the way from the start of the client to the first task. YARN's share is: from an application that was
 * submitted to its first container's process; from a wish for a container (which for Flink includes that it waits for its next
 * heartbeat) to the allocation; from the wish to start it to the container's process. A container RUNS for its node before its
 * script has begun, which makes links and lists its folder: the process is there when that has come to its command. What the
 * scripts take stands by itself, too.
 */
export function partsOf(begin, at) {
  const seconds = (from, to) => (to - from) / 1000
  const yarn = [
    seconds(at.submitted, at.masterLaunched),
    Math.max(0, seconds(at.asked, at.allocated)),
    seconds(at.startRequested, at.workerLaunched),
  ]
  const total = seconds(begin, at.taskRuns)
  const yarnTotal = yarn.reduce((sum, each) => sum + each, 0)
  const scripts =
    seconds(at.masterRuns, at.masterLaunched) + seconds(at.workerRuns, at.workerLaunched)
  return {
    'client start to first task RUNNING': total,
    "YARN's own share": yarnTotal,
    "less YARN's own share": total - yarnTotal,
    'the same with the scripts of containers': total - yarnTotal + scripts,
    'client start to submitted': seconds(begin, at.submitted),
    'YARN: submitted to first process': yarn[0],
    'JobManager process to registered': seconds(at.masterLaunched, at.masterRegistered),
    'registered to wish for a container': seconds(at.masterRegistered, at.asked),
    'YARN: wish to allocated': yarn[1],
    'allocated to wish to start it': seconds(Math.max(at.asked, at.allocated), at.startRequested),
    'YARN: wish to start to process': yarn[2],
    'TaskManager process to registered': seconds(at.workerLaunched, at.workerRegistered),
    'registered to RUNNING': seconds(at.workerRegistered, at.taskRuns),
  }
}
