// Turns packages/hadoop-rpc/proto/hadoop_rpc.proto into TypeScript: an interface per message, a union per enum, and the
// descriptor from which codecs are made at run time (no text is parsed then). `--check` only says whether the file is up to date.
import { readFileSync, writeFileSync } from 'node:fs'
import protobuf from 'protobufjs'

const PROTO = new URL('../packages/hadoop-rpc/proto/hadoop_rpc.proto', import.meta.url)
const TARGET = new URL('../packages/hadoop-rpc/src/messages/messages.generated.ts', import.meta.url)

const SCALARS = {
  float: 'number',
  int32: 'number',
  uint32: 'number',
  sint32: 'number',
  int64: 'bigint',
  uint64: 'bigint',
  bool: 'boolean',
  string: 'string',
  bytes: 'Uint8Array',
}

const { root, package: packageName } = protobuf.parse(readFileSync(PROTO, 'utf8'), {
  keepCase: true,
})
root.resolveAll()
const namespace = root.lookup(packageName)

function fieldText(field) {
  const element = SCALARS[field.type] ?? `${field.resolvedType.name}Message`
  const name = field.resolvedType instanceof protobuf.Enum ? field.resolvedType.name : element
  if (field.repeated) return `  readonly ${field.name}: readonly ${name}[]\n`
  return field.required
    ? `  readonly ${field.name}: ${name}\n`
    : `  readonly ${field.name}?: ${name} | undefined\n`
}

let out = '// Generated from proto/hadoop_rpc.proto by `npm run generate`. Do not edit.\n\n'
const messages = []
for (const nested of namespace.nestedArray) {
  if (nested instanceof protobuf.Enum) {
    const names = Object.keys(nested.values).map((name) => `  | '${name}'`)
    out += `export type ${nested.name} =\n${names.join('\n')}\n\n`
    continue
  }
  const fields = nested.fieldsArray.map((field) => fieldText(field.resolve())).join('')
  out += `export interface ${nested.name}Message {\n${fields}}\n\n`
  messages.push(nested.name)
}
out += '/** What each message is, by its name. */\nexport interface HadoopMessages {\n'
for (const name of messages) out += `  readonly ${name}: ${name}Message\n`
out += '}\n\n'
const descriptor = JSON.stringify(root.toJSON({ keepComments: false })).replaceAll(/[\\']/g, '\\$&')
out += `/** The descriptor of all messages, as JSON of protobufjs. */\nexport const HADOOP_RPC_DESCRIPTOR =\n  '${descriptor}'\n`

if (process.argv.includes('--check')) {
  if (readFileSync(TARGET, 'utf8') !== out) {
    console.error(
      'packages/hadoop-rpc/src/messages/messages.generated.ts is not up to date: run npm run generate',
    )
    process.exit(1)
  }
} else {
  writeFileSync(TARGET, out)
}
