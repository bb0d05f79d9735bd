import { join } from 'node:path'
import { build } from '../../scripts/prepare.mjs'
import { apacheFlink, flinkTs, measuredOn } from '../cluster/systems.mjs'
import { partsOf, timelineOf } from '../yarn/timeline.mjs'
import { YarnClient, YarnLab } from '../yarn/yarn-lab.mjs'

export const needsInstallation = true

/** What their own logs say, and which files these are. */
const OURS = {
  files: { master: /jobmanager[^/]*\.log$/, worker: /taskmanager[^/]*\.log$/ },
  words: {
    asked: ['Requesting a worker'],
    registered: ['TaskManager registered resourceId'],
    running: ['Task changed its state', 'state=RUNNING'],
  },
}
const APACHE = {
  files: { master: /jobmanager\.log$/, worker: /taskmanager\.log$/ },
  words: {
    asked: ['Requesting new worker'],
    registered: ['Registering TaskManager'],
    running: ['from INITIALIZING to RUNNING'],
  },
}

/**
 * A cluster on YARN for one job of ten records: from the start of the client to the first task, to the end of the client and of
 * the application, with YARN's own share taken off. Flink has no per-job mode any more: all of ours stand beside its
 * application mode, whose jars are in HDFS beforehand (`yarn.provided.lib.dirs`).
 */
export async function run({ report, runs, log, atEnd, root, home, against, scratch }) {
  build({ tests: true })
  const lab = await YarnLab.start({ root, scratch })
  atEnd(() => lab.stop())
  const ours = flinkTs({ home, root })
  const client = new YarnClient(ours, {
    scratch,
    configuration: {},
    environment: { HADOOP_CONF_DIR: lab.hadoop.confDir },
  })
  const onNodes = [
    `-Dyarn.flink-ts.home-path=${home}`,
    `-Dyarn.flink-ts.node-path=${process.execPath}`,
  ]
  const program = ours.program('trivial')
  const cases = [
    ['per-job, attached', client, ['run', '-t', 'yarn-per-job', ...onNodes, ...program], OURS],
    [
      'per-job, detached',
      client,
      ['run', '-d', '-t', 'yarn-per-job', ...onNodes, ...program],
      OURS,
    ],
    [
      'application',
      client,
      ['run-application', '-t', 'yarn-application', ...onNodes, ...program],
      OURS,
    ],
    [
      'per-job, attached, installation from HDFS',
      client,
      ['run', '-t', 'yarn-per-job', ...program],
      OURS,
    ],
  ]
  const apache = against === undefined ? undefined : await apacheOn(lab, against, scratch)
  // The first run of each fills what nodes keep of files in HDFS, and does not count.
  for (let run = 0; run <= runs; run++) {
    const apacheFigures = apache === undefined ? {} : await measure(lab, ...apache)
    if (apache !== undefined) log(`flink ${run}: ${text(apacheFigures)}`)
    for (const [name, ...rest] of cases) {
      const figures = await measure(lab, ...rest)
      log(`${name} ${run}: ${text(figures)}`)
      if (run === 0) continue
      for (const [metric, value] of Object.entries(figures)) {
        const add = (system, value) =>
          report({ case: name, metric, unit: 's', ...measuredOn(system, value) })
        add(ours, value)
        if (apache !== undefined) add(apache[0].system, apacheFigures[metric])
      }
    }
  }
}

async function apacheOn(lab, against, scratch) {
  const system = apacheFlink(against)
  const environment = await lab.environmentOfApacheFlink()
  const folders = await Promise.all(
    ['lib', 'plugins'].map((name) => lab.upload(join(system.home, name), `/flink/${name}`)),
  )
  const client = new YarnClient(system, {
    scratch,
    configuration: { 'jobmanager.rpc.port': 6123, 'taskmanager.numberOfTaskSlots': 1 },
    environment,
  })
  const libraries = `-Dyarn.provided.lib.dirs=${folders.join(';')}`
  const words = ['run', '-t', 'yarn-application', libraries, ...system.program('trivial')]
  return [client, words, APACHE]
}

/** @returns seconds of each part, by its name */
async function measure(lab, client, words, { files, words: ofLogs }) {
  const { begin, seconds, output } = await client.flink(words)
  const applicationId = /application_\d+_\d+/.exec(output)?.[0]
  if (applicationId === undefined) throw new Error(`No application id in: ${output}`)
  await lab.ended(applicationId)
  const logs = lab.logs(applicationId, files)
  const timeline = timelineOf({ applicationId, logs, words: ofLogs })
  return {
    ...partsOf(begin, timeline),
    'client start to its exit': seconds,
    'client start to the end of the application': (timeline.finished - begin) / 1000,
  }
}

function text(figures) {
  return Object.entries(figures)
    .map(([name, seconds]) => `${name} ${seconds.toFixed(2)}`)
    .join(', ')
}
