import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const flat = (values) =>
  Object.entries(values)
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('')

const pairs = (keys) => Object.entries(keys).map(([key, value]) => `${key}=${value}`)

/**
 * Our installation in `home`, with its own configuration but for what `values` say; the programs are compiled by `flink run`, as always.
 * `jobSettings` are words of `flink run` that configure the job.
 */
export function flinkTs({ home, root }) {
  return {
    name: 'flink-ts',
    home,
    configurationFile(values) {
      const own = readFileSync(join(home, 'conf', 'flink-conf.yaml'), 'utf8')
        .split('\n')
        .filter((line) => !Object.hasOwn(values, line.split(':')[0]))
        .join('\n')
      return { file: 'flink-conf.yaml', text: `${own}\n${flat(values)}` }
    },
    program: (name) => [join(root, 'bench', 'programs', `${name}.ts`)],
    jobSettings: (keys) => ({ options: pairs(keys).map((pair) => `-D${pair}`), args: [] }),
    stateBackends: { heap: 'hashmap', disk: 'lsm' },
  }
}

const JAVA_CLASSES = {
  trivial: 'Trivial',
  'word-count': 'WordCount',
  'batch-aggregation': 'BatchAggregation',
  'keyed-updates': 'KeyedUpdates',
  'many-jobs': 'ManyJobs',
}
/** What its own file nests, so that its values are replaced there, and what is ours alone. */
const NOT_ADDED =
  /^(?:jobmanager\.|taskmanager\.(?:host|numberOfTaskSlots|memory\.process\.size)$|rest\.address$)/

/** Apache Flink in `home`, with its own configuration but for what `values` say. */
export function apacheFlink({ home }) {
  return {
    name: 'flink',
    home,
    prepareConfigurationFolder: (folder) => cpSync(join(home, 'conf'), folder, { recursive: true }),
    configurationFile(values) {
      // A key may stand only once: what its own file nests gets its new value there.
      const own = readFileSync(join(home, 'conf', 'config.yaml'), 'utf8')
        .replace(/^( +numberOfTaskSlots:) \d+/m, `$1 ${values['taskmanager.numberOfTaskSlots']}`)
        .replace(/^( +port:) 6123/m, `$1 ${values['jobmanager.rpc.port']}`)
        .replace(/^( +size:) 1728m/m, `$1 ${values['taskmanager.memory.process.size'] ?? '1728m'}`)
      const rest = Object.entries(values).filter(([key]) => !NOT_ADDED.test(key))
      return { file: 'config.yaml', text: `${own}\n${flat(Object.fromEntries(rest))}` }
    },
    program: (name) => ['-c', `bench.${JAVA_CLASSES[name]}`, join(home, 'bench.jar')],
    // Its command knows -D for some targets only.
    jobSettings: (keys) => ({ options: [], args: ['--set', pairs(keys).join(';')] }),
    stateBackends: { heap: 'hashmap', disk: 'rocksdb' },
  }
}

/** Ours, and that which it is measured against, in the order of measuring. */
export function systemsOf({ home, root, against }) {
  const systems = [flinkTs({ home, root })]
  if (against !== undefined) systems.push(apacheFlink(against))
  return systems
}

/** What `report` wants for a value of `system`. */
export function measuredOn(system, value) {
  return system.name === 'flink-ts' ? { value } : { against: system.name, againstValue: value }
}
