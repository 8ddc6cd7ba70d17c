// A viewer's app, as small as one can be: it registers its device, starts a stream, plays it by shaka, beats, and changes to new
// URLs under way. The test presses its button and reads its report.
/* global shaka */

const beatEvery = 3000 // ms; far more often than players need to, so that new URLs come soon
const buffered = 8 // seconds, ahead and behind: with little in hand, each segment is asked for shortly before it is seen

class Viewer {
  constructor(video) {
    this.video = video
    this.errors = []
  }

  // setUp takes {edge, token, path, kind}: what to play, and by which of the session's URLs.
  setUp(settings) {
    Object.assign(this, settings, { folders: [], served: [], beats: 0, refusal: null, session: null })
  }

  async ask(method, path, { headers = {}, body } = {}) {
    if (body) headers['Content-Type'] = 'application/json'
    const answer = await fetch(this.edge + path, {
      method, headers: { Authorization: `Bearer ${this.token}`, ...headers }, body: body && JSON.stringify(body),
    })
    const text = await answer.text()
    return { status: answer.status, body: text ? JSON.parse(text) : null }
  }

  async register() {
    const answer = await this.ask('POST', '/v2/devices', { body: { name: 'Browser', device_type: 'desktop', fingerprint: 'browser-test' } })
    this.device = answer.body?.id
    return answer
  }

  async play() {
    const start = await this.ask('GET', this.path + '/stream', { headers: { 'X-Device-Id': this.device } })
    if (start.status !== 200) throw new Error(`start: ${start.status} ${start.body.code}`)
    this.session = start.body
    this.addFolder(start.body[this.kind])
    await this.load(start.body[this.kind])
    await this.video.play()
    this.beating = setInterval(() => this.beat().catch(e => this.fail(e)), beatEvery)
  }

  async load(url) {
    this.player = new shaka.Player()
    this.player.addEventListener('error', e => this.fail(`shaka ${e.detail.code} ${e.detail.data}`))
    this.player.configure({ streaming: { bufferingGoal: buffered, bufferBehind: buffered } })
    const net = this.player.getNetworkingEngine()
    net.registerRequestFilter((_, request) => { request.uris = request.uris.map(u => this.newest(u)) })
    net.registerResponseFilter((_, response) => { this.served[this.folderOf(response.uri)]++ })
    await this.player.attach(this.video)
    await this.player.load(url)
  }

  // addFolder takes a new URL: all that is below its folder is asked for there from now on.
  addFolder(url) {
    this.folders.push(url.slice(0, url.lastIndexOf('/') + 1))
    this.served.push(0)
    this.manifest = url
  }

  folderOf(uri) { return this.folders.findIndex(f => uri.startsWith(f)) }

  newest(uri) {
    const folder = this.folders[this.folderOf(uri)]
    return folder ? this.folders.at(-1) + uri.slice(folder.length) : uri
  }

  async beat() {
    const answer = await this.ask('POST', '/v2/playback/heartbeat', {
      body: { session_id: this.session.session_id, position_seconds: Math.floor(this.video.currentTime), is_paused: this.video.paused },
    })
    if (answer.status !== 200) {
      this.refusal = answer
      clearInterval(this.beating)
      return
    }
    this.beats++
    if (answer.body.refreshed_urls) this.addFolder(answer.body.refreshed_urls[this.kind])
  }

  end() { return this.ask('DELETE', `/v2/playback/sessions/${this.session.session_id}`) }

  async close() {
    clearInterval(this.beating)
    await this.player.destroy()
  }

  fail(e) { this.errors.push(String(e)) }

  report() {
    return {
      session: this.session, device: this.device, manifest: this.manifest, time: this.video.currentTime, height: this.video.videoHeight,
      frames: this.video.getVideoPlaybackQuality().totalVideoFrames, errors: this.errors, beats: this.beats,
      renewals: this.folders.length - 1, served: this.served, refusal: this.refusal,
    }
  }
}

const video = document.getElementById('video')
const viewer = new Viewer(video)
video.addEventListener('error', () => viewer.fail(`video: ${video.error.message}`))
document.getElementById('play').addEventListener('click', () => viewer.play().catch(e => viewer.fail(e.message ?? `shaka ${e.code} ${e.data}`)))
window.viewer = viewer
