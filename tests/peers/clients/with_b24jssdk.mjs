// Does what it is asked on stdin with b24jssdk, and says on stdout what came of it. All settings are its own defaults.
import { readFileSync } from 'node:fs'
import { ApiVersion, B24Hook } from '@bitrix24/b24jssdk'

const START = 'bizproc.workflow.start'
const LIST = 'bizproc.workflow.template.list'
const RUNNING = 'bizproc.workflow.instances'

function given(answer) {
  return { gave: answer.getData() ?? null, raised: answer.isSuccess ? '' : answer.getErrorMessages().join('; ') }
}

async function act({ act, starts, webhook_url: address }) {
  const portal = B24Hook.fromWebhookUrl(address)
  const { v2 } = portal.actions
  switch (act) {
    case 'start': {
      const { gave, raised } = given(await v2.call.make({ method: START, params: starts[0] }))
      return { gave: gave?.result ?? null, raised }
    }
    case 'start all':
      return given(
        await v2.batchByChunk.make({
          calls: starts.map((params) => [START, params]),
          options: { isHaltOnError: false }
        })
      )
    case 'templates':
      return given(await v2.callList.make({ method: LIST, params: { select: ['ID', 'NAME'] } }))
    case 'instances': {
      const rows = []
      let page = await v2.call.make({ method: RUNNING, params: { SELECT: ['ID', 'DOCUMENT_ID'] } })
      while (page) {
        rows.push(...page.getData().result)
        page = await page.fetchNext(portal.getHttpClient(ApiVersion.v2))
      }
      return { gave: rows, raised: '' }
    }
  }
}

const asked = JSON.parse(readFileSync(0, 'utf8'))
let outcome
try {
  outcome = await act(asked)
} catch (error) {
  outcome = { gave: null, raised: error.constructor.name }
}
console.log(JSON.stringify(outcome))
