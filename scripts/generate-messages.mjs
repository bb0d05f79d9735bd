// Turns packages/runtime/proto/*.proto into TypeScript: an interface per message, a union per enum,
// a gateway interface per service, and the parsed text as JSON, which the gateways are defined from at run time.
// `--check` only says whether the committed file is up to date.
import { readFileSync, writeFileSync } from 'node:fs'
import protobuf from 'protobufjs'

const PROTO = new URL('../packages/runtime/proto/flink_runtime.proto', import.meta.url)
const TARGET = new URL('../packages/runtime/src/messages/messages.generated.ts', import.meta.url)

const SCALARS = {
  double: 'number',
  float: 'number',
  int32: 'number',
  uint32: 'number',
  int64: 'number',
  uint64: 'number',
  bool: 'boolean',
  string: 'string',
  bytes: 'Uint8Array',
}

const source = readFileSync(PROTO, 'utf8')
const { root, package: packageName } = protobuf.parse(source, { alternateCommentMode: true })
root.resolveAll()
const namespace = root.lookup(packageName)

const comment = (text, indent = '') => {
  if (!text) return ''
  const lines = text.trim().split('\n')
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join('\n')}\n${indent} */\n`
}
// An enum `Value` inside a message stands for the message: enum values share one scope in proto3.
const nameOf = (type) =>
  type instanceof protobuf.Enum && type.name === 'Value' ? type.parent.name : type.name
const typeOf = (field) => SCALARS[field.type] ?? nameOf(field.resolvedType)
const union = (type) =>
  Object.keys(type.values)
    .map((name) => `  | '${name}'`)
    .join('\n')

function fieldText(field) {
  const isOptional = field.options?.proto3_optional === true || field.partOf !== null
  let type = typeOf(field)
  if (field.map) type = `{ readonly [key: string]: ${type} }`
  else if (field.repeated) type = `readonly ${type}[]`
  const mark = isOptional ? '?' : ''
  return `${comment(field.comment, '  ')}  readonly ${field.name}${mark}: ${type}${isOptional ? ' | undefined' : ''}\n`
}

let out = '// Generated from proto/flink_runtime.proto by `npm run generate`. Do not edit.\n\n'
out += "import type { CallOptions } from '@flink-ts/rpc'\n\n"
for (const nested of namespace.nestedArray) {
  if (nested instanceof protobuf.Enum) {
    out += `${comment(nested.comment)}export type ${nested.name} =\n${union(nested)}\n\n`
  } else if (nested instanceof protobuf.Type && nested.nested?.Value instanceof protobuf.Enum) {
    out += `${comment(nested.comment)}export type ${nested.name} =\n${union(nested.nested.Value)}\n\n`
  } else if (nested instanceof protobuf.Type) {
    const fields = nested.fieldsArray.map((field) => fieldText(field.resolve())).join('')
    out += `${comment(nested.comment)}export interface ${nested.name} {\n${fields}}\n\n`
  } else if (nested instanceof protobuf.Service) {
    const methods = nested.methodsArray.map((method) => {
      const name = method.name[0].toLowerCase() + method.name.slice(1)
      return `  ${name}(request: ${method.resolve().resolvedRequestType.name}, options?: CallOptions): Promise<${method.resolvedResponseType.name}>\n`
    })
    out += `${comment(nested.comment)}export interface ${nested.name} {\n${methods.join('')}}\n\n`
  }
}
// Without comments, and with the names that gateways use.
const descriptor = JSON.stringify(protobuf.parse(source, { keepCase: false }).root.resolveAll())
out += `/** What flink_runtime.proto says of the wire, as JSON of protobufjs. */\nexport const RUNTIME_DESCRIPTOR =\n  '${descriptor}'\n`
if (/['\\\\]/.test(descriptor)) throw new Error('The descriptor would have to be escaped')

if (process.argv.includes('--check')) {
  if (readFileSync(TARGET, 'utf8') !== out) {
    console.error(
      'packages/runtime/src/messages/messages.generated.ts is not up to date: run npm run generate',
    )
    process.exit(1)
  }
} else {
  writeFileSync(TARGET, out)
}
await import('./generate-hadoop-messages.mjs')
