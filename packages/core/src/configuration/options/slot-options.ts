import { ConfigOptions } from '../config-options.js'

/** How a JobMaster asks for slots and keeps them. */
export const SlotOptions = {
  IDLE_TIMEOUT: ConfigOptions.key('slot.idle.timeout')
    .durationType()
    .defaultValue(50_000)
    .withDescription('A slot that its job does not use for so long is given back.'),
  REQUEST_TIMEOUT: ConfigOptions.key('slot.request.timeout')
    .durationType({ min: 1 })
    .defaultValue(300_000)
    .withDescription('A job fails if a slot it needs is not there after this time.'),
  REQUEST_MAX_INTERVAL: ConfigOptions.key('slot.request.max-interval')
    .durationType()
    .defaultValue(20)
    .withDescription(
      'With `taskmanager.load-balance.mode: TASKS` a job waits so long for more slots before it chooses among those that it has.',
    ),
} as const
