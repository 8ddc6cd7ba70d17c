// The origin is killed while players watch, and started again. Beats are taken all the time and no session dies of it; starts
// are refused with 503 meanwhile, and succeed soon after. k6/run does the killing, at an origin of its own.
import { check, sleep } from 'k6';
import exec from 'k6/execution';
import { Counter } from 'k6/metrics';
import { discover } from '../lib/catalogue.js';
import { killed } from '../lib/env.js';
import { header } from '../lib/http.js';
import { limited, lives, Player } from '../lib/player.js';
import { viewers } from '../lib/tokens.js';

const seconds = killed.before + killed.away + killed.after;
const back = killed.at + killed.away * 1000; // when it is started again, ms
const recovered = back + killed.recovery * 1000;
const blink = 1500; // ms around the kill, in which a start may meet either

const refused = new Counter('starts_refused'); // while it was away
const resumed = new Counter('starts_after'); // once it should have recovered

const vus = Math.min(killed.sessions, 100);
const arrivals = { executor: 'constant-arrival-rate', timeUnit: '1s', duration: `${seconds}s`, gracefulStop: '10s' };

export const options = {
  scenarios: {
    beats: { ...arrivals, exec: 'watch', rate: killed.beats, preAllocatedVUs: vus },
    starts: { ...arrivals, exec: 'start', rate: killed.starts, preAllocatedVUs: 50 },
  },
  thresholds: {
    checks: ['rate==1'],
    'http_req_failed{op:heartbeat}': ['rate==0'],
    dropped_iterations: ['count==0'],
    'http_reqs{op:heartbeat}': [`count>=${Math.floor(killed.beats * seconds * 0.9)}`],
    starts_refused: ['count>0'], // or nothing was killed
    starts_after: [`count>=${Math.floor((killed.after - killed.recovery) * killed.starts * 0.8)}`],
    ...limited('beats', 'heartbeat', killed),
  },
  setupTimeout: '2m',
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max', 'count'],
};

// setup returns when the origin has so long to live as there is to be before.
export function setup() {
  if (!(killed.at > Date.now())) throw new Error('KILLED_AT_MS is not in the future: k6/run sets it');
  const { films } = discover(viewers[0], 200);
  const early = killed.at - killed.before * 1000 - Date.now();
  if (early < 0) throw new Error(`the catalogue was read ${-early} ms too late`);
  // Titles have to be known to the edge, which can't ask for them while the origin is away.
  films.forEach((film, n) => new Player('warm', n).play('getMovieStream', film));
  sleep(Math.max(0, killed.at - killed.before * 1000 - Date.now()) / 1000);
  return { films };
}

const mine = [];
const each = Math.ceil(killed.sessions / vus);

export function watch({ films }) {
  if (mine.length < each && Date.now() < killed.at - blink) mine.push(begun(films));
  const player = mine.shift();
  if (!player) return; // came too late to begin
  mine.push(player);
  check(player.beat(), { 'taken, and the session goes on': lives });
}

function begun(films) {
  const n = (exec.vu.idInTest - 1) * each + mine.length;
  const player = new Player('killed', n);
  check(player.play('getMovieStream', films[n % films.length]), { 'a session to beat for': ({ status }) => status === 200 });
  return player;
}

export function start({ films }) {
  const n = exec.scenario.iterationInTest;
  const asked = Date.now();
  const answer = new Player('starts', n).play('getMovieStream', films[n % films.length], { expect: [200, 503] });
  const away = asked > killed.at + blink && asked < back;
  if (asked < killed.at - blink || asked > recovered) {
    check(answer, { 'starts while the origin is there': ({ status }) => status === 200 });
  } else {
    check(answer, { 'starts or is told to come back': () => answer.status === 200 || (answer.status === 503 && header(answer, 'Retry-After') !== '') });
  }
  if (away) {
    check(answer, { 'is refused while the origin is away': ({ status }) => status === 503 });
    refused.add(1);
  }
  if (asked > recovered) resumed.add(1);
}
