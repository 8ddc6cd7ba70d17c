// Devices that browse the catalogue, arriving at a rate of their own whatever the edge does about it.
import { check } from 'k6';
import { Rate } from 'k6/metrics';
import { Device, pick, popular } from '../lib/device.js';
import { browse } from '../lib/env.js';
import { discover } from '../lib/catalogue.js';
import { header, isHit } from '../lib/http.js';
import { address } from '../lib/ops.js';
import { viewers } from '../lib/tokens.js';

const ramp = 5; // seconds, in which caches warm up; they count for nothing but failures
const devices = 200; // as many may wait for an answer at once
const manyFilms = 1000; // at most

const hits = new Rate('hits'); // answers from the edge's own memory
const unchanged = new Rate('unchanged'); // answers that are 304

// What a device asks for: an operation, its weight, and how to find its address.
const mix = [
  ['listMovies', 25, listing],
  ['getMovie', 43, (catalogue) => address('getMovie', popular(catalogue.films))],
  ['listRelatedMovies', 14, (catalogue) => address('listRelatedMovies', popular(catalogue.films))],
  ['listMovieTrailers', 4, (catalogue) => address('listMovieTrailers', popular(catalogue.films))],
  ['getMovieTracks', 4, (catalogue) => address('getMovieTracks', popular(catalogue.films))],
  ['listGenres', 5, () => address('listGenres')],
  ['getAppConfig', 5, () => address('getAppConfig', {}, { platform: pick(['ios', 'android', 'tvos', 'web', 'roku', 'firetv']) })],
];
const turns = mix.flatMap((choice) => Array(choice[1]).fill(choice));

// listing is one of the first pages that apps open with for half, else a genre's or a page further down.
function listing(catalogue) {
  const at = Math.random();
  if (at < 0.2 && catalogue.genres.length > 0) return address('listMovies', {}, { limit: 20, genre: popular(catalogue.genres) });
  if (at < 0.5) return popular(catalogue.pages);
  return address('listMovies', {}, pick([{}, { sort: '-release_year' }, { sort: 'title' }, { sort: '-average_rating' }]));
}

const arrivals = { timeUnit: '1s', preAllocatedVUs: devices, gracefulStop: '10s' };

export const options = {
  scenarios: {
    ramp: { ...arrivals, executor: 'ramping-arrival-rate', startRate: browse.rate / 10, stages: [{ target: browse.rate, duration: `${ramp}s` }] },
    steady: { ...arrivals, executor: 'constant-arrival-rate', rate: browse.rate, startTime: `${ramp}s`, duration: `${browse.seconds}s` },
  },
  thresholds: {
    checks: ['rate==1'],
    http_req_failed: ['rate==0'],
    'dropped_iterations{scenario:steady}': ['count==0'],
    'hits{scenario:steady}': ['rate>0.9'],
    'unchanged{scenario:steady}': ['rate>0.1'], // or revalidation is broken
    'http_reqs{scenario:steady}': [`count>=${browse.rate * browse.seconds}`],
    ...Object.fromEntries(mix.map(([op]) => [
      `http_req_duration{scenario:steady,op:${op}}`, [`med<${browse.med}`, `p(95)<${browse.p95}`, `p(99)<${browse.p99}`],
    ])),
  },
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max', 'count'],
};

export function setup() {
  return discover(viewers[0], manyFilms);
}

function visit(catalogue) {
  const [op, , find] = pick(turns);
  return [op, find(catalogue)];
}

let device;

export default function (catalogue) {
  device ??= new Device();
  const [op, path] = device.again() ?? visit(catalogue);
  const { answer, etag } = device.get(op, path, { text: false });
  hits.add(isHit(answer));
  unchanged.add(answer.status === 304);
  const coding = header(answer, 'Content-Encoding');
  check(answer, {
    'whole, or 304 for the ETag that was sent': ({ status }) => status === 200 || (status === 304 && etag !== undefined),
    'has an ETag': () => header(answer, 'ETag') !== '',
    'in a coding that the device takes': () => coding === '' || device.encoding.split(', ').includes(coding),
  });
}
