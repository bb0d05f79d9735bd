import { WebOptions } from '@flink-ts/core'
import type {
  ClusterOverviewBody,
  ConfigurationEntryBody,
  DashboardConfigurationBody,
} from '../messages/messages.js'
import type { Route } from '../server/handler.js'

/** Calls about the cluster as a whole. */
export const clusterRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/overview',
    handler: async (_request, context) => {
      const overview = await context.dispatcher().requestClusterOverview({})
      const body: ClusterOverviewBody = {
        taskmanagers: overview.taskManagers,
        'slots-total': overview.slotsTotal,
        'slots-available': overview.slotsAvailable,
        'jobs-running': overview.jobsRunningOrPending,
        'jobs-finished': overview.jobsFinished,
        'jobs-cancelled': overview.jobsCancelled,
        'jobs-failed': overview.jobsFailed,
        'flink-version': context.version.version,
        'flink-commit': context.version.commit,
      }
      return { body }
    },
  },
  {
    method: 'GET',
    path: '/config',
    handler: async (_request, { configuration, version, clock }) => {
      const date = new Date(clock.now())
      const body: DashboardConfigurationBody = {
        'refresh-interval': configuration.get(WebOptions.REFRESH_INTERVAL),
        'timezone-name': Intl.DateTimeFormat().resolvedOptions().timeZone,
        'timezone-offset': -date.getTimezoneOffset() * 60_000,
        'flink-version': version.version,
        'flink-revision': version.revision,
        features: {
          'web-submit': false,
          'web-cancel': configuration.get(WebOptions.CANCEL_ENABLE),
          'web-rescale': false,
          'web-history': false,
        },
      }
      return { body }
    },
  },
  {
    method: 'GET',
    path: '/jobmanager/config',
    handler: async (_request, { configuration }) => ({
      body: Object.entries(configuration.toDisplayMap()).map(
        ([key, value]): ConfigurationEntryBody => ({ key, value }),
      ),
    }),
  },
  {
    method: 'DELETE',
    path: '/cluster',
    handler: async (_request, context) => {
      await context.dispatcher().shutDownCluster({ status: 'SUCCEEDED' })
      return { body: {} }
    },
  },
]
