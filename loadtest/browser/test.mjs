// Plays a film of the demo in a real browser, through the edge of a stack that runs: by DASH beyond the life of the first URL,
// then by HLS. Settings: EDGE_ADDR, STATE_DIR and BIN_DIR, as for `make run`; PAGE_ADDR, which must be among the edge's
// ALLOWED_ORIGINS; CHROMIUM, the browser; SCREENSHOT, a file for a picture of the end. The stack's CDN_TTL should be a minute.
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { check, Failed, sleep, table, until } from './checks.mjs'
import { serve } from './server.mjs'

const setting = (name, usual) => process.env[name] || usual
const edge = `http://${setting('EDGE_ADDR', '127.0.0.1:8080')}`
const pageAddr = setting('PAGE_ADDR', '127.0.0.1:8083')
const token = execFileSync(join(setting('BIN_DIR', 'bin'), 'origin'), ['token', '--role', 'viewer', '--country', 'FR'], { encoding: 'utf8' }).trim()

const frameRate = 25 // of the demo's clip
const slack = 0.6 // of its frames at least are decoded and shown on a busy machine

async function get(url, headers = {}) {
  const answer = await fetch(url, { headers })
  return { status: answer.status, text: await answer.text(), type: answer.headers.get('Content-Type') }
}

async function films() {
  const { text } = await get(`${edge}/v2/movies?limit=2&fields=id,title`, { Authorization: `Bearer ${token}` })
  return JSON.parse(text).data
}

// fault is the code of a refusal, and its status.
const fault = answer => `${answer.status} ${JSON.parse(answer.text).code}`

// view is the viewer's app in a page of its own, set up for a film.
async function view(browser, film, kind) {
  const page = await browser.newPage()
  page.on('pageerror', e => page.evaluate(m => window.viewer.fail(m), e.message))
  await page.goto(`http://${pageAddr}/`)
  await page.evaluate(s => window.viewer.setUp(s), { edge, token, path: `/v2/movies/${film.id}`, kind })
  const report = () => page.evaluate(() => window.viewer.report())
  return { page, kind, report, do: name => page.evaluate(n => window.viewer[n](), name) }
}

const whole = r => `at ${r.time.toFixed(1)} s, ${r.frames} frames, ${r.height} lines${r.errors.length ? ': ' + r.errors : ''}`

// begins registers the device, presses the button and watches ten seconds.
async function begins(v) {
  const registered = await v.do('register')
  check('the device is registered', registered.status < 300, registered.status)
  await v.page.click('#play')
  const first = await until(`${v.kind}: it plays past 10 s`, 30, v.report, r => r.time > 10 || r.errors.length, whole)
  check(`${v.kind}: pictures were decoded, and nothing went wrong`, first.frames > 10 * frameRate * slack && !first.errors.length, whole(first))
  return first
}

// advances watches some seconds of it.
async function advances(v, what, seconds) {
  const before = await v.report()
  const after = await until(what, seconds + 10, v.report, r => r.time >= before.time + seconds || r.errors.length, whole)
  const frames = after.frames - before.frames
  check(`${what}: new pictures, no error`, frames > seconds * frameRate * slack && !after.errors.length, `${frames} more frames`)
  return after
}

// renews watches until new URLs have taken over from the first, which end.
async function renews(v, first) {
  const left = (Date.parse(first.session.expires_at) - Date.now()) / 1000
  check('the first URL lives a minute', left < 60, `${left.toFixed(0)} s more`)
  const fresh = await until('a beat brings new URLs', left, v.report, r => r.renewals > 0, r => `${r.beats} beats, ${r.renewals} renewals`)
  check('they are others', fresh.manifest !== first.manifest, fresh.manifest.slice(0, 60) + '…')
  await v.page.evaluate(() => { window.viewer.video.currentTime = 12 }) // the clip has no more than a minute
  await until('segments come by the new URL', 20, v.report, r => r.served[1] > 0, r => `${r.served} by each URL`)
  await sleep((Date.parse(first.session.expires_at) - Date.now()) / 1000 + 0.5)
  const old = await get(first.manifest)
  check('the first URL has expired', old.status === 403, fault(old))
  const before = await v.report()
  const after = await advances(v, 'it plays on past that', 5)
  check('segments went on coming', sum(after.served) > sum(before.served) && after.served[0] === before.served[0], `${after.served} by each URL`)
}

const sum = all => all.reduce((a, b) => a + b, 0)

// guards tries what a URL must not give.
async function guards(v, film, other) {
  const { manifest } = await v.report()
  const good = await get(manifest)
  check('the manifest is served', good.status === 200 && good.type === 'application/dash+xml', `${good.status} ${good.type}`)
  const moved = await get(manifest.replace(film.id, other.id))
  check("another film's folder is refused", moved.status === 403, fault(moved))
}

// ends ends the session: its beats and its URLs are refused.
async function ends(v) {
  const { manifest } = await v.report()
  const ended = await v.do('end')
  check(`${v.kind}: the session is ended`, ended.status === 204, ended.status)
  const { refusal } = await until('its next beat is refused', 10, v.report, r => r.refusal, r => r.refusal && `${r.refusal.status} ${r.refusal.body.code}`)
  check('as one that has ended', refusal.status === 410 && refusal.body.code === 'SESSION_ENDED', refusal.body.message)
  const late = await get(manifest)
  check('its URL gives nothing more', late.status === 403, fault(late))
}

async function play(browser) {
  const [film, other] = await films()
  const dash = await view(browser, film, 'dash_url')
  const first = await begins(dash)
  await guards(dash, film, other)
  await renews(dash, first)
  await ends(dash)
  await dash.do('close')
  const hls = await view(browser, film, 'hls_url')
  await begins(hls)
  if (process.env.SCREENSHOT) await hls.page.screenshot({ path: process.env.SCREENSHOT })
  await ends(hls)
  await hls.do('close')
}

async function main() {
  const stop = await serve(pageAddr)
  const profile = await mkdtemp(join(tmpdir(), 'encora-browser-'))
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: setting('CHROMIUM', '/usr/bin/chromium'), headless: true, chromiumSandbox: false,
    args: ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--autoplay-policy=no-user-gesture-required'],
  })
  try {
    await play(browser)
  } catch (e) {
    if (!(e instanceof Failed)) throw e
    process.exitCode = 1
  } finally {
    console.log(`\n${table()}\n`)
    await browser.close()
    await stop()
    await rm(profile, { recursive: true, force: true })
  }
}

await main()
