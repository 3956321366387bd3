// `npm run fixtures:load`: installs what it needs, then runs scripts/fixtures-load.ts.
import { bin, install, requireNode, run } from './lib/project.mjs'

requireNode()
install()
process.exit(run(bin('tsx'), ['scripts/fixtures-load.ts']))
