import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import type { Command } from '../support/command.js'
import { commandLines } from '../support/processes.js'
import type { MesosPlace } from './mesos-place.js'
import { runningTasks } from './observations.js'

/** Something that a person may write into the configuration, and nobody else should read. */
export const PASSWORD = 'correct-horse-battery-staple'

/** Checks of a cluster that runs tasks, and has {@link PASSWORD} in its configuration, that strangers can read no secret anywhere. */
export async function checkSecretsAreNowhere(
  t: Test,
  place: MesosPlace,
  jobManager: Command,
): Promise<void> {
  const { mesos, rest } = place
  const { text, token } = place.secret()
  const agentTexts = await Promise.all(
    mesos.agents.flatMap(({ address }) =>
      ['state', 'slave(1)/state', 'slave(1)/containers', 'flags'].map(async (path) => {
        return (await fetch(`http://${address}/${path}`)).text()
      }),
    ),
  )
  const sandboxes = place.sandboxFiles()
  const tasks = await runningTasks(place)
  t.ok(tasks.length > 0, 'tasks run')
  for (const id of tasks) {
    t.ok(
      [...sandboxes.keys()].some((name) => name.startsWith(`${id}/`)),
      `the sandbox of ${id} is looked at`,
    )
  }
  const places = new Map([
    ...sandboxes,
    ['command lines', commandLines()],
    [
      'environments of tasks',
      mesos
        .taskProcesses()
        .map((pid) => readFileSync(`/proc/${pid}/environ`, 'utf8'))
        .join('\n'),
    ],
    ['master', await mesos.operator.everything()],
    ['agents', agentTexts.join('\n')],
    ['logs of Mesos', [...mesos.masters, ...mesos.agents].map((each) => each.log()).join('\n')],
    ['output of the JobManager', jobManager.stdout + jobManager.stderr],
    ['log of the JobManager', place.logs()],
    ['configuration by REST', JSON.stringify(await rest.clusterConfiguration())],
  ])
  for (const [name, found] of places) {
    for (const secret of [text, token, PASSWORD]) t.notOk(found.includes(secret), `not in ${name}`)
  }
}

/** Checks that whoever does not show the secret of the cluster gets nothing from its REST API but 401. */
export async function checkClosedToStrangers(t: Test, place: MesosPlace): Promise<void> {
  const url = (path: string) => `http://${place.restAddress}/${path}`
  for (const path of ['config', 'jobs', 'overview', '?x', 'jobmanager/config']) {
    const response = await fetch(url(path))
    t.equal(response.status, 401, `/${path} without the secret`)
    await response.arrayBuffer()
  }
  const upload = await fetch(url('jobs'), { method: 'POST', body: '{}' })
  t.equal(upload.status, 401)
  await upload.arrayBuffer()
  const headers = { authorization: `Bearer ${place.secret().token}` }
  t.equal((await fetch(url('overview'), { headers })).status, 200)
}
