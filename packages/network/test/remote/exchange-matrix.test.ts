import t from 'tap'
import { matrixPlan, runMatrixPlan } from './exchange-matrix.js'

for (const seed of [3, 11, 12]) {
  const plan = matrixPlan(seed)
  const { producers, consumers, selector, type, taskManagers } = plan
  const name = `${producers}x${consumers} ${selector}, ${type}, ${taskManagers} TaskManager(s)`
  t.test(`seed ${seed} exchanges everything once and in order: ${name}`, async (t) => {
    await t.resolves(runMatrixPlan(plan))
  })
}
