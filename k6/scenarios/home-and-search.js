// The evening begins: more and more people open the app, look at its home screen and into a rail, type a few letters of a title,
// search for it, and open what they found. Does the edge keep up, from memory but for searches that are new to it?
import { check } from 'k6';
import { Rate } from 'k6/metrics';
import { discover } from '../lib/catalogue.js';
import { Device, pick, popular } from '../lib/device.js';
import { finding } from '../lib/env.js';
import { header, isHit } from '../lib/http.js';
import { address } from '../lib/ops.js';
import { limited } from '../lib/player.js';
import { viewers } from '../lib/tokens.js';

const calm = 5; // seconds, in which caches warm up; they count for nothing but failures
const onset = 10; // seconds from there to the peak
const devices = Math.ceil(finding.peak * 2); // as many may be in the middle of a visit
const platforms = ['ios', 'android', 'tvos', 'web', 'roku', 'firetv'];
const letters = [3, 6]; // as many are typed, one request each, until the title is suggested

const hits = new Rate('hits'); // answers from the edge's own memory, by operation
const unchanged = new Rate('unchanged'); // of the home screen: 304
const suggested = new Rate('suggested'); // titles that were suggested for their first letters
const found = new Rate('found'); // searches that found the title

const arrivals = { executor: 'ramping-arrival-rate', timeUnit: '1s', gracefulStop: '10s', preAllocatedVUs: devices };
const measured = ['getHome', 'getCollection', 'autocomplete', 'search', 'getMovie'];
const remembered = ['getHome', 'getCollection', 'autocomplete'];

export const options = {
  scenarios: {
    calm: { ...arrivals, startRate: finding.calm, stages: [{ target: finding.calm, duration: `${calm}s` }] },
    evening: {
      ...arrivals, startTime: `${calm}s`, startRate: finding.calm,
      stages: [{ target: finding.peak, duration: `${onset}s` }, { target: finding.peak, duration: `${finding.seconds}s` }],
    },
  },
  thresholds: {
    checks: ['rate==1'],
    http_req_failed: ['rate==0'],
    'dropped_iterations{scenario:evening}': ['count==0'],
    'http_reqs{scenario:evening}': [`count>=${6 * finding.peak * finding.seconds}`],
    ...Object.fromEntries(remembered.map((op) => [`hits{scenario:evening,op:${op}}`, ['rate>0.95']])),
    'hits{scenario:evening,op:search}': ['rate>0.5'],
    'unchanged{scenario:evening}': ['rate>0.1'], // or revalidation is broken
    suggested: ['rate==1'],
    found: ['rate==1'],
    ...measured.reduce((all, op) => ({ ...all, ...limited('evening', op, finding) }), {}),
  },
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max', 'count'],
};

// setup keeps films that can be typed: what is typed and searched for is a title's own words.
export function setup() {
  const { films, titles, collections } = discover(viewers[0], 200);
  const typed = films.map((id, i) => ({ id, title: titles[i] })).filter(({ title }) => /^[A-Za-z]{3}[A-Za-z ]*$/.test(title));
  return { typed, collections };
}

let device;
let platform; // the device's

export default function ({ typed, collections }) {
  device ??= new Device();
  platform ??= pick(platforms);
  const home = ask('getHome', address('getHome', {}, { platform }));
  unchanged.add(home.status === 304);
  if (Math.random() < 0.5) ask('getCollection', address('getCollection', popular(collections)));
  const film = popular(typed);
  type(film);
  const answer = ask('search', address('search', {}, { q: film.title }));
  if (answer.status === 200) found.add(answer.json('data').some(({ id }) => id === film.id));
  ask('getMovie', address('getMovie', film.id));
}

// type asks for suggestions at each letter, as apps do, until the title is there or the viewer gives up and searches.
function type({ id, title }) {
  const [least, most] = letters;
  for (let n = 1; n <= Math.min(most, title.length); n++) {
    const answer = ask('autocomplete', address('autocomplete', {}, { q: title.slice(0, n), limit: 20 }));
    if (answer.status !== 200) continue; // 304: as the last time
    const all = answer.json('data');
    check(all, { 'begins something': () => all.length > 0 });
    if (n >= least && all.some((one) => one.id === id)) break;
  }
  const whole = ask('autocomplete', address('autocomplete', {}, { q: title, limit: 20 }));
  if (whole.status === 200) suggested.add(whole.json('data').some((one) => one.id === id));
}

function ask(op, path) {
  const { answer, etag } = device.get(op, path);
  hits.add(isHit(answer), { op });
  check(answer, {
    'whole, or 304 for the ETag that was sent': ({ status }) => status === 200 || (status === 304 && etag !== undefined),
    'has an ETag': () => header(answer, 'ETag') !== '',
  });
  return answer;
}
