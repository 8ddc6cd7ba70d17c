// Players who watch: beats at a steady rate, nothing else. Does every one count, and how fast?
import { check } from 'k6';
import exec from 'k6/execution';
import { discover } from '../lib/catalogue.js';
import { beats } from '../lib/env.js';
import { limited, lives, Player } from '../lib/player.js';
import { viewers } from '../lib/tokens.js';

const ramp = 5; // seconds, in which the sessions start

const vus = Math.min(beats.sessions, 200);
const each = Math.ceil(beats.sessions / vus); // sessions of a VU

export const options = {
  scenarios: {
    // The VUs' numbers, from 1 on, give each its players.
    steady: {
      executor: 'ramping-arrival-rate', timeUnit: '1s', gracefulStop: '10s', startRate: beats.rate / 10, preAllocatedVUs: vus,
      stages: [{ target: beats.rate, duration: `${ramp}s` }, { target: beats.rate, duration: `${beats.seconds}s` }],
    },
  },
  thresholds: {
    checks: ['rate==1'],
    http_req_failed: ['rate==0'],
    dropped_iterations: ['count==0'],
    'http_reqs{op:heartbeat}': [`count>=${Math.floor(beats.rate * beats.seconds)}`],
    ...limited('steady', 'heartbeat', beats),
  },
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max', 'count'],
};

export function setup() {
  return { films: discover(viewers[0], 200).films };
}

const mine = []; // players of this VU, in turn

export default function ({ films }) {
  if (mine.length < each) mine.push(begun(films));
  const player = mine.shift();
  mine.push(player);
  if (player.session) check(player.beat(), { 'taken, and the session goes on': lives });
}

function begun(films) {
  const n = (exec.vu.idInTest - 1) * each + mine.length;
  const player = new Player('beats', n);
  check(player.play('getMovieStream', films[n % films.length]), { 'a session to beat for': ({ status }) => status === 200 });
  return player;
}
