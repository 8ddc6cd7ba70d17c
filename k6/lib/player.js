// A viewer at a registered device who plays: the generated accounts, that `origin seed --accounts` brings in.
import { ask } from './http.js';
import { address } from './ops.js';
import { players } from './tokens.js';

// Each use has players of its own, from one number to before another: none finds a slot taken by what another has not ended.
const shares = { launch: [0, 5000], beats: [5000, 7000], killed: [7000, 7500], warm: [7500, 8000], starts: [8000, 10000] };

export class Player {
  constructor(share, i) {
    const n = shares[share][0] + i;
    if (n >= shares[share][1]) throw new Error(`${share}: player ${i} is another's: there are not so many`);
    if (n >= players.length) throw new Error(`there are ${players.length} players: raise PLAYERS`);
    this.token = players[n];
    this.device = `01990000-0000-7dec-8000-${n.toString(16).padStart(12, '0')}`; // token.DeviceID
    this.session = undefined;
  }

  // play starts a stream of 'getMovieStream' or 'getChannelStream'; the session is undefined when that was refused.
  play(op, id, options) {
    const answer = ask(op, address(op, id), { token: this.token, device: this.device, ...options });
    if (answer.status === 200) this.session = answer.json('session_id');
    this.began = Date.now();
    return answer;
  }

  beat(options) {
    const body = { session_id: this.session, position_seconds: Math.floor((Date.now() - this.began) / 1000), is_paused: false };
    return ask('heartbeat', address('heartbeat', {}), { method: 'POST', token: this.token, body, ...options });
  }

  end(options) {
    return ask('endSession', address('endSession', this.session), { method: 'DELETE', token: this.token, ...options });
  }
}

// lives tells whether a beat was taken: the session goes on for longer than until the next.
export function lives(answer) {
  return answer.status === 200 && Date.parse(answer.json('session_expires_at')) - Date.now() > 60e3;
}

// limited are the thresholds of an operation's latency.
export function limited(scenario, op, { med, p95, p99 }) {
  return { [`http_req_duration{scenario:${scenario},op:${op}}`]: [`med<${med}`, `p(95)<${p95}`, `p(99)<${p99}`] };
}
