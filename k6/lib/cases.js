// What smoke asks of each operation beyond what contract.js asks of all: by the operation's id,
//   values  the path's values, from the catalogue
//   needs   parameters that it can't do without, from the catalogue
//   type    of the answer, when that isn't JSON
//   shape   of the answer
//   also    further steps
import { channelFilters, channelPages, gaps, inOrder, limits, sameOnTheLine, schedulePages, window } from './guide.js';
import { filters, pages, sorted } from './listing.js';
import { expect } from './expect.js';
import { instant, list, map, nullable, number, object, oneOf, optional, text, truth, url, uuid, whole } from './shape.js';

const movie = object({
  id: uuid, title: text, slug: text, status: oneOf('published', 'scheduled'), genres: list(text), cast: list(object({ name: text, role: text })),
  country_of_origin: list(text), audio_languages: list(text), subtitle_languages: list(text), images: object(),
  average_rating: number, rating_count: whole, drm_required: truth, geo_restrictions: nullable(object({ rule_id: uuid })),
  available_from: optional(instant), available_until: nullable(instant), created_at: instant, updated_at: instant,
});
const summary = object({ content_type: text, id: uuid, title: text, slug: text, images: object() });
const trailer = object({ id: uuid, hls_url: optional(url), dash_url: optional(url) });
const track = { language: text, label: text, kind: text, is_default: truth };
const tracks = object({ subtitles: list(object({ ...track, url })), audio: list(object(track)) });
const genre = object({ id: uuid, name: text, slug: text, parent_id: optional(uuid), content_count: whole });
const config = object({
  minimum_app_version: object({ required: text, recommended: text }), feature_flags: object(), cdn_base_url: url,
  maintenance: object({ is_active: truth, allow_playback: truth }), supported_locales: list(text), config_version: text,
});
const channel = object({
  id: uuid, name: text, slug: text, number: optional(whole), status: oneOf('live', 'offline', 'scheduled_maintenance'), images: object(),
  geo_restrictions: nullable(object({ rule_id: uuid })), drm_required: truth, is_premium: truth, is_catchup_enabled: truth,
  catchup_days: nullable(whole), sort_order: number, created_at: instant, updated_at: instant,
});
const program = object({
  id: uuid, channel_id: uuid, title: text, start_time: instant, end_time: instant, duration_minutes: whole, is_live: truth,
  is_catchup_available: truth, catchup_expires_at: nullable(instant), season_number: nullable(whole), episode_number: nullable(whole),
  categories: list(text), images: object(), linked_vod_id: optional(uuid),
});
const plan = object({
  id: uuid, name: text, description: optional(text), price: number, currency: text, billing_cycle: oneOf('monthly', 'quarterly', 'semi_annual', 'annual'),
  max_profiles: whole, max_concurrent_streams: whole, max_devices: whole, max_quality: oneOf('SD', 'HD', 'FHD', 'UHD'), has_downloads: truth,
  allow_download_count: whole, has_ads: truth, has_hdr: truth, has_dolby_atmos: truth, trial_days: whole, is_active: truth,
  created_at: instant, updated_at: instant,
});
const page = (item) => object({ data: list(item), meta: object({ next_cursor: nullable(text), has_more: truth, limit: whole }) });
const short = (item) => object({ data: list(item) });
const state = oneOf('ok', 'degraded');
const component = object({ status: state, latency_ms: nullable(number), checked_at: instant, message: optional(text) });
const health = object({ status: state, version: text, timestamp: instant, components: map(component) });

const film = (catalogue) => ({ movie_id: catalogue.films[0] });

export const cases = {
  listMovies: { shape: page(movie), also: (ask) => [pages, filters, sorted].forEach((step) => step(ask)) },
  getMovie: { values: film, shape: movie, also: sameAsListed },
  listRelatedMovies: { values: film, shape: short(summary), also: withoutItself },
  listMovieTrailers: { values: film, shape: short(trailer) },
  getMovieTracks: { values: film, shape: tracks },
  listGenres: { shape: short(genre), also: parentsListed },
  listPlans: { shape: short(plan) },
  getPlan: { values: (catalogue) => ({ plan_id: catalogue.plans[0] }), shape: plan },
  listChannels: { shape: page(channel), also: (ask) => [channelPages, channelFilters].forEach((step) => step(ask)) },
  getChannel: { values: (catalogue) => ({ channel_id: catalogue.channels[0] }), shape: channel },
  getEpgNow: {
    needs: (catalogue) => ({ channel_ids: catalogue.channels }), shape: object({ data: map(nullable(program)) }),
    also: (ask, catalogue) => [inOrder, gaps, limits].forEach((step) => step('getEpgNow', ask, catalogue)),
  },
  getEpgSchedule: {
    needs: (catalogue) => ({ channel_ids: catalogue.channels, ...window(0, 6) }),
    shape: object({ data: map(list(program)), meta: object({ next_cursor: nullable(text), has_more: truth, limit: whole }) }),
    also: (ask, catalogue) => [inOrder, limits, schedulePages].forEach((step) => step('getEpgSchedule', ask, catalogue)),
  },
  getProgram: { values: (catalogue) => ({ program_id: catalogue.programs[0] }), shape: program, also: sameOnTheLine },
  getAppConfig: { needs: () => ({ platform: 'web' }), shape: config, also: everyPlatform },
  getHealth: { shape: health },
  getReadiness: { shape: object({ status: oneOf('ready') }) },
  getVersion: { shape: object({ api_version: text, build_date: text, commit_sha: text }) },
  metrics: { type: 'text/plain' },
};

// sameAsListed parses by itself, since k6's own json() does not keep the order of fields.
function sameAsListed(ask, catalogue) {
  const listed = JSON.parse(ask('listMovies', { limit: 100 }).body).data.find((m) => m.id === catalogue.films[0]);
  const got = JSON.parse(ask('getMovie').body);
  expect('getMovie', 'is the same as in the list', JSON.stringify(got) === JSON.stringify(listed), [got, listed]);
}

function withoutItself(ask, catalogue) {
  const related = ask('listRelatedMovies').json('data').map((m) => m.id);
  expect('listRelatedMovies', 'lists others, each once', new Set(related).size === related.length && !related.includes(catalogue.films[0]), related);
  expect('listRelatedMovies', 'lists as many as asked', ask('listRelatedMovies', { limit: 1 }).json('data').length === Math.min(1, related.length), related);
}

function parentsListed(ask) {
  const genres = ask('listGenres').json('data');
  const ids = new Set(genres.map((g) => g.id));
  const orphans = genres.filter((g) => g.parent_id && !ids.has(g.parent_id));
  expect('listGenres', 'every parent is listed', orphans.length === 0, orphans);
  expect('listGenres', 'some genre holds films', genres.some((g) => g.content_count > 0), genres);
}

function everyPlatform(ask) {
  for (const platform of ['ios', 'android', 'tvos', 'web', 'roku', 'firetv']) {
    const faults = config(ask('getAppConfig', { platform }).json(), platform);
    expect('getAppConfig', `${platform} has one`, faults.length === 0, faults);
  }
}
