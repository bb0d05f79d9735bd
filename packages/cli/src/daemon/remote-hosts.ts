import { spawn } from 'node:child_process'
import { FlinkError } from '@flink-ts/core'

/** Whether a host of `masters` or `workers` is this machine by its name alone. */
export function isLocalHost(host: string): boolean {
  return host === 'localhost' || host === '127.0.0.1' || host === '::1' || host === '[::1]'
}

/**
 * Runs a script of the same folder on another host by ssh, as Flink's scripts do.
 *
 * @param input what the script reads from its standard input; without it there is none
 * @param sshOptions words of `FLINK_SSH_OPTS` or `env.ssh.opts`
 * @returns the exit code of ssh
 * @throws FlinkError FLINK_SSH when there is no ssh on this machine
 */
export function runOverSsh(options: {
  host: string
  script: string
  args: readonly string[]
  input?: string
  sshOptions: readonly string[]
}): Promise<number> {
  const quoted = [options.script, ...options.args].map(
    (word) => `'${word.replaceAll("'", "'\\''")}'`,
  )
  const command = `nohup /bin/bash -l ${quoted.join(' ')}`
  return new Promise((resolve, reject) => {
    const { input, sshOptions, host } = options
    const noInput = input === undefined ? ['-n'] : []
    const ssh = spawn('ssh', [...noInput, ...sshOptions, host, '--', command], {
      stdio: [input === undefined ? 'ignore' : 'pipe', 'inherit', 'inherit'],
    })
    // A host that is not reached reads nothing: its exit code tells.
    ssh.stdin?.on('error', () => {})
    ssh.stdin?.end(input)
    ssh.on('error', (cause) =>
      reject(
        new FlinkError(
          `Cannot run ssh, which starts and stops processes on ${options.host}: ${cause.message}`,
          { code: 'FLINK_SSH', cause },
        ),
      ),
    )
    ssh.on('exit', (code) => resolve(code ?? 1))
  })
}
