import t from 'tap'
import { matrixPlan, runMatrixPlan } from './exchange-matrix.js'

// Dozens of threads, each with a start of its own: slow where others use the processors too.
t.setTimeout(300_000)

for (const seed of [195, 394, 381]) {
  const plan = matrixPlan(seed)
  const { producers, consumers, selector, type, taskManagers } = plan
  const name = `${producers}x${consumers} ${selector}, ${type}, ${taskManagers} TaskManager(s)`
  t.test(`seed ${seed} exchanges everything once and in order: ${name}`, async (t) => {
    await t.resolves(runMatrixPlan(plan))
  })
}
