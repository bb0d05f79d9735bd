// `npm run build`: installs if needed, then compiles sources and tests.
import { build, ensureInstalled } from './prepare.mjs'

ensureInstalled()
build({ tests: true })
