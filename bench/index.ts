/** `npm run bench`: figures and their ratios to floors measured in the same run. Nothing here is a test. */
import { benchPage } from './page.js'

for (const count of [10_000, 100_000]) await benchPage(count)
