// Settings, from the environment.

function setting(name, usual) {
  return __ENV[name] || usual;
}

function positive(name, usual) {
  const value = Number(setting(name, usual));
  if (!(value > 0)) throw new Error(`${name}=${__ENV[name]}: want a number above 0`);
  return value;
}

export const edge = `http://${setting('EDGE_ADDR', '127.0.0.1:8080')}`;
export const origin = `http://${setting('ORIGIN_ADDR', '127.0.0.1:8081')}`;
export const tokenDir = `${setting('STATE_DIR', '.state')}/k6`;

// The limits of tails leave room for a machine that edge, origin, Postgres and k6 share; those of medians are tight.

// browse: requests a second, how long after the ramp, and the limits of each operation's latency in milliseconds.
export const browse = {
  rate: positive('BROWSE_RATE', 500),
  seconds: positive('BROWSE_SECONDS', 20),
  med: positive('BROWSE_MED_MS', 5),
  p95: positive('BROWSE_P95_MS', 50),
  p99: positive('BROWSE_P99_MS', 250),
};

// home-and-search: visits a second before and at the peak, each with some eight requests, how long the peak lasts, and the limits of
// each operation's latency in milliseconds. Of searches, which the origin answers the first time, the tail is longer.
export const finding = {
  calm: positive('FINDING_CALM_RATE', 10),
  peak: positive('FINDING_PEAK_RATE', 50),
  seconds: positive('FINDING_SECONDS', 15),
  med: positive('FINDING_MED_MS', 5),
  p95: positive('FINDING_P95_MS', 50),
  p99: positive('FINDING_P99_MS', 250),
};

// purge-under-load: events a second, how long each half lasts, and the limits of what the edge may take to show a write,
// in milliseconds.
export const purge = {
  reads: positive('PURGE_READ_RATE', 200),
  drafts: positive('PURGE_DRAFT_RATE', 10),
  edits: positive('PURGE_EDIT_RATE', 10),
  seconds: positive('PURGE_SECONDS', 12),
  med: positive('PURGE_MED_MS', 25),
  p99: positive('PURGE_P99_MS', 250),
};

// launch-storm: how many press play on one channel within how many seconds, how long they beat after that, and the limits of
// both operations' latency in milliseconds. Postgres takes a start's time, so its limits are wider.
export const launch = {
  audience: positive('LAUNCH_AUDIENCE', 3000),
  onset: positive('LAUNCH_ONSET_SECONDS', 60),
  seconds: positive('LAUNCH_SECONDS', 30),
  start: { med: positive('LAUNCH_START_MED_MS', 25), p95: positive('LAUNCH_START_P95_MS', 150), p99: positive('LAUNCH_START_P99_MS', 400) },
  beat: { med: positive('LAUNCH_BEAT_MED_MS', 5), p95: positive('LAUNCH_BEAT_P95_MS', 50), p99: positive('LAUNCH_BEAT_P99_MS', 250) },
};

// heartbeats: beats a second, how many sessions they are of, how long, and the limits of their latency in milliseconds.
export const beats = {
  rate: positive('BEATS_RATE', 400),
  sessions: positive('BEATS_SESSIONS', 400),
  seconds: positive('BEATS_SECONDS', 20),
  med: positive('BEATS_MED_MS', 5),
  p95: positive('BEATS_P95_MS', 50),
  p99: positive('BEATS_P99_MS', 250),
};

// origin-killed: beats and starts a second, how many sessions beat, how long before the origin is killed, until it is started
// again, and after that, and how long it may take to be of use. k6/run kills it at the instant that it names, in milliseconds.
export const killed = {
  at: Number(setting('KILLED_AT_MS', 0)),
  beats: positive('KILLED_BEATS_RATE', 100),
  starts: positive('KILLED_STARTS_RATE', 5),
  sessions: positive('KILLED_SESSIONS', 100),
  before: positive('KILLED_BEFORE_SECONDS', 8),
  away: positive('KILLED_AWAY_SECONDS', 10),
  after: positive('KILLED_AFTER_SECONDS', 20),
  recovery: positive('KILLED_RECOVERY_SECONDS', 10),
  med: positive('KILLED_BEAT_MED_MS', 5),
  p95: positive('KILLED_BEAT_P95_MS', 50),
  p99: positive('KILLED_BEAT_P99_MS', 250),
};

// epg-storm: devices a second before and at the peak, each with two requests, how long the peak lasts, how many channels
// there are and a device asks for, and the limits of both operations' latency in milliseconds. The peak suits two cores
// that edge, origin, Postgres and k6, which needs most, share.
export const storm = {
  calm: positive('STORM_CALM_RATE', 50),
  peak: positive('STORM_PEAK_RATE', 250),
  seconds: positive('STORM_SECONDS', 5),
  channels: positive('STORM_CHANNELS', 40),
  asked: positive('STORM_ASKED', 20),
  med: positive('STORM_MED_MS', 10),
  p95: positive('STORM_P95_MS', 100),
  p99: positive('STORM_P99_MS', 250),
};
