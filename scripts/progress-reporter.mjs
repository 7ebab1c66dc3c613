// A reporter of vitest that notifies the parent process when a file is loaded and when a test starts and ends.
import { relative } from "node:path"

const send = (state, { fullName, id, module }) =>
  process.send?.({ state, id, name: `${relative(process.cwd(), module.moduleId)}: ${fullName}` })

export default class ProgressReporter {
  onTestModuleCollected({ id, moduleId }) {
    process.send?.({ state: "loaded", id, name: moduleId })
  }

  onTestCaseReady(test) {
    send("started", test)
  }

  onTestCaseResult(test) {
    send("ended", test)
  }
}
