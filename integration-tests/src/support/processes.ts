import { readdirSync, readFileSync } from 'node:fs'

/** Processes with `word` in their command line, but for this one. */
export function processesWith(word: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && commandLine(pid).includes(word) && isAlive(pid))
}

/** Processes with this variable in their environment, but for this one: all that were started with it, and what they started. */
export function processesWithVariable(
  name: string,
  value: string | ((value: string) => boolean),
): number[] {
  const isIt = typeof value === 'string' ? (found: string) => found === value : value
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      if (pid === process.pid) return false
      const found = variableOf(pid, name)
      return found !== undefined && isIt(found) && isAlive(pid)
    })
}

function variableOf(pid: number, name: string): string | undefined {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
    return variables.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1)
  } catch {
    // It has ended meanwhile, or is somebody else's.
    return undefined
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    // It has ended meanwhile.
    return ''
  }
}

/** The command lines of all processes of this machine, one a line. */
export function commandLines(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => commandLine(Number(pid)))
    .join('\n')
}

/** Whether the process runs: one that has ended and waits for its parent does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/**
 * SIGSTOP, and waits until none of its threads runs: the signal alone is on its way for a while,
 * in which a process that has just been given something to do may still do it.
 *
 * @throws Error if there is no such process
 */
export function stopProcess(pid: number): void {
  process.kill(pid, 'SIGSTOP')
  while (isAlive(pid) && !threadsOf(pid).every((thread) => isStopped(`${pid}/task/${thread}`)));
}

/** None if it ends meanwhile. */
function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

/** Whether it is stopped, or has ended. */
function isStopped(thread: string): boolean {
  try {
    return /^State:\s+[TtZX]/m.test(readFileSync(`/proc/${thread}/status`, 'utf8'))
  } catch {
    return true
  }
}

/** Threads of a process. */
export function threadCount(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).length
}

/** The threads of a process, with the processor time that each has used so far, in ticks (10 ms). */
export function threadTicks(pid: number): Map<number, number> {
  const ticks = new Map<number, number>()
  for (const name of readdirSync(`/proc/${pid}/task`)) {
    try {
      const stat = readFileSync(`/proc/${pid}/task/${name}/stat`, 'utf8')
      // The second field is a name in parentheses that may hold spaces.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      ticks.set(Number(name), Number(fields[11]) + Number(fields[12]))
    } catch {
      // The thread has ended meanwhile.
    }
  }
  return ticks
}

/** Largest resident memory of a process so far, in kB. */
export function peakResidentKb(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1])
}

/** Ends a process without asking it; one that has ended already is left alone. */
export function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
