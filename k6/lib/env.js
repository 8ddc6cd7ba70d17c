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
