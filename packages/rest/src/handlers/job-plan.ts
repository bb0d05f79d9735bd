import type { ExecutionGraphInfo, JobEdge, JobVertex } from '@flink-ts/runtime'
import type { PlanBody, PlanNodeBody } from '../messages/messages.js'

const HTML: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => HTML[character]!)

/** The chain as Flink's plan draws it: each operator below the one that feeds it. */
function describeChain(vertex: JobVertex): string {
  const line = (index: number, depth: number): string => {
    const operator = vertex.operators[index]!
    const lead = depth === 0 ? '' : `${'   '.repeat(depth - 1)}+- `
    const children = vertex.operators
      .map((child, at) => ({ child, at }))
      .filter(({ child }) => child.chainedInputs.some((i) => i.operatorId === operator.operatorId))
    return `${lead}${escapeHtml(operator.name)}<br/>${children.map(({ at }) => line(at, depth + 1)).join('')}`
  }
  return line(0, 0)
}

/** The job's plan in Flink's form: consumers before producers. */
export function planBody(
  job: Pick<ExecutionGraphInfo, 'jobId' | 'name' | 'jobType'> & {
    readonly jobGraph: {
      readonly vertices: readonly JobVertex[]
      readonly edges: readonly JobEdge[]
    }
  },
): PlanBody {
  const nodes = [...job.jobGraph.vertices].reverse().map((vertex): PlanNodeBody => {
    const inputs = job.jobGraph.edges
      .filter((edge) => edge.targetVertexId === vertex.id)
      .map((edge, num) => ({
        id: edge.sourceVertexId as string,
        num,
        exchange: edge.exchange as string,
        ship_strategy: edge.partitioner as string,
      }))
    return {
      id: vertex.id,
      operator: '',
      parallelism: vertex.parallelism,
      operator_strategy: '',
      description: describeChain(vertex),
      optimizer_properties: {},
      ...(inputs.length > 0 ? { inputs } : {}),
    }
  })
  return { jid: job.jobId, name: job.name, type: job.jobType, nodes }
}
