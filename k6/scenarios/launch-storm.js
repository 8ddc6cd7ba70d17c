// The match starts: everybody presses play on one channel within a minute, and from then on beats every 30 seconds. Is there a
// stream for everyone, and does it go on?
import { check } from 'k6';
import exec from 'k6/execution';
import { Counter } from 'k6/metrics';
import { discover } from '../lib/catalogue.js';
import { launch } from '../lib/env.js';
import { limited, lives, Player } from '../lib/player.js';
import { viewers } from '../lib/tokens.js';

const beatEvery = 30e3; // ms
const rate = Math.ceil(launch.audience / launch.onset); // of starts
const beatRate = Math.ceil((launch.audience * 1000) / beatEvery); // once all play
const onset = Math.ceil(launch.audience / rate);

const vus = Math.max(10, Math.min(150, Math.ceil(launch.audience / 20))); // k6 takes them in turn, so that each has its share

const beaten = new Counter('beats');

// One scenario, since what a VU has started only that VU can have beat.
export const options = {
  scenarios: {
    storm: {
      executor: 'ramping-arrival-rate', timeUnit: '1s', gracefulStop: '10s', startRate: rate, preAllocatedVUs: vus,
      stages: [{ target: rate, duration: `${onset}s` }, { target: beatRate, duration: '0s' }, { target: beatRate, duration: `${launch.seconds}s` }],
    },
  },
  thresholds: {
    checks: ['rate==1'],
    http_req_failed: ['rate==0'],
    dropped_iterations: ['count==0'],
    'http_reqs{scenario:storm,op:getChannelStream}': [`count>=${Math.floor(rate * onset * 0.99)}`],
    beats: [`count>=${Math.floor(beatRate * launch.seconds * 0.8)}`], // a VU may be free that has none due
    ...limited('storm', 'getChannelStream', launch.start),
    ...limited('storm', 'heartbeat', launch.beat),
  },
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max', 'count'],
};

export function setup() {
  return { channel: discover(viewers[0], 1).channels[0] };
}

const mine = []; // players of this VU, whoever beats next first

export default function ({ channel }) {
  const n = exec.scenario.iterationInTest;
  if (n < rate * onset) press(n, channel);
  if (n >= rate * onset || mine[0]?.due <= Date.now()) beat();
}

function press(n, channel) {
  const player = new Player('launch', n);
  const answer = player.play('getChannelStream', channel);
  check(answer, { 'a stream for everyone': () => answer.status === 200 && answer.json('hls_url') !== null });
  if (player.session) mine.push(Object.assign(player, { due: Date.now() + beatEvery }));
}

function beat() {
  const player = mine.shift();
  if (!player) return;
  check(player.beat(), { 'it goes on': lives });
  beaten.add(1);
  mine.push(Object.assign(player, { due: Date.now() + beatEvery }));
}
