// What was looked at, and how it came out.
const rows = []

// Failed ends a test; its row is in the table already.
export class Failed extends Error {}

// check notes what was seen, and ends the test unless it is right.
export function check(what, right, seen) {
  rows.push([right ? 'ok' : 'FAILED', what, String(seen)])
  if (!right) throw new Failed(`${what}: ${seen}`)
}

// until asks again and again, until the answer is right or the time, in seconds, is over; then it checks.
export async function until(what, seconds, ask, right, seen) {
  const deadline = Date.now() + seconds * 1000
  let answer = await ask()
  while (!right(answer) && Date.now() < deadline) {
    await sleep(0.25)
    answer = await ask()
  }
  check(what, right(answer), seen(answer))
  return answer
}

export const sleep = seconds => new Promise(resolve => setTimeout(resolve, seconds * 1000))

// table is everything that was checked, for people.
export function table() {
  const widths = [0, 1].map(i => Math.max(...rows.map(r => r[i].length)))
  return rows.map(r => `${r[0].padEnd(widths[0])}  ${r[1].padEnd(widths[1])}  ${r[2]}`).join('\n')
}
