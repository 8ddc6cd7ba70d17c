// What smoke asks of each operation beyond what contract.js asks of all: by the operation's id,
//   values  the path's values, from the catalogue
//   needs   parameters that it can't do without, from the catalogue
//   type    of the answer, when that isn't JSON
//   shape   of the answer
//   also    further steps
import { channelFilters, channelPages, gaps, inOrder, limits, sameOnTheLine, schedulePages, window } from './guide.js';
import { asListed, filters, pages, sorted } from './listing.js';
import { expect } from './expect.js';
import { episodePages, seasonsAddUp, showFilters } from './series.js';
import { asTyped, collectionPages, everyPlatformHasRails, railsOfCollections, ranked, searched } from './finding.js';
import { instant, list, map, nullable, number, object, oneOf, optional, text, truth, url, uuid, whole } from './shape.js';

const movie = object({
  id: uuid, title: text, slug: text, status: oneOf('published', 'scheduled'), genres: list(text), cast: list(object({ name: text, role: text })),
  country_of_origin: list(text), audio_languages: list(text), subtitle_languages: list(text), images: object(),
  average_rating: number, rating_count: whole, drm_required: truth, geo_restrictions: nullable(object({ rule_id: uuid })),
  available_from: optional(instant), available_until: nullable(instant), created_at: instant, updated_at: instant,
});
const summary = object({ content_type: text, id: uuid, title: text, slug: text, images: object() });
const show = object({
  id: uuid, title: text, slug: text, status: oneOf('published', 'ongoing', 'ended', 'canceled'), genres: list(text), cast: list(object({ name: text, role: text })),
  country_of_origin: list(text), total_seasons: whole, total_episodes: whole, images: object(), average_rating: number, rating_count: whole,
  drm_required: truth, geo_restrictions: nullable(object({ rule_id: uuid })), created_at: instant, updated_at: instant,
});
const season = object({
  id: uuid, show_id: uuid, season_number: whole, title: nullable(text), images: object(), end_date: nullable(text), status: oneOf('published', 'completed'),
  episode_count: whole, created_at: instant, updated_at: instant,
});
const episode = object({
  id: uuid, show_id: uuid, season_id: uuid, season_number: whole, episode_number: whole, title: text, images: object(), content_rating: text,
  runtime_minutes: whole, status: oneOf('published', 'scheduled'), available_from: optional(instant), available_until: optional(instant),
  created_at: instant, updated_at: instant,
});
const listedCollection = {
  id: uuid, slug: text, title: text, subtitle: nullable(text), type: oneOf('manual', 'dynamic', 'editorial', 'franchise'), status: oneOf('published'),
  query: nullable(text), item_count: whole, sort_order: number, geo_restrictions: nullable(object({ rule_id: uuid })), images: object(),
  available_from: optional(instant), available_until: optional(instant), created_by: uuid, created_at: instant, updated_at: instant,
};
const item = object({ content_type: oneOf('movie', 'show', 'episode', 'channel'), content_id: uuid, sort_order: number });
const rail = object({
  id: uuid, type: oneOf('hero', 'collection', 'live_now', 'trending', 'new_releases', 'continue_watching', 'recommendations', 'watchlist'), title: text,
  subtitle: nullable(text), display: nullable(oneOf('hero', 'poster', 'landscape', 'square', 'circle')), collection_id: nullable(uuid),
  is_personalized: truth, items: list(summary), items_url: nullable(text),
});
const home = object({ layout_version: whole, generated_at: instant, rails: list(rail) });
const suggestion = object({ content_type: oneOf('movie', 'show', 'episode', 'channel'), id: uuid, title: text });
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
const meta = object({ next_cursor: nullable(text), has_more: truth, limit: whole });
const page = (item) => object({ data: list(item), meta });
const short = (item) => object({ data: list(item) });
const state = oneOf('ok', 'degraded');
const component = object({ status: state, latency_ms: nullable(number), checked_at: instant, message: optional(text) });
const health = object({ status: state, version: text, timestamp: instant, components: map(component) });

const film = (catalogue) => ({ movie_id: catalogue.films[0] });
const ofShow = (catalogue) => ({ show_id: catalogue.shows[0] });
const ofSeason = (catalogue) => ({ ...ofShow(catalogue), season_number: catalogue.episode.season_number });
const ofEpisode = (catalogue) => ({ ...ofSeason(catalogue), episode_number: catalogue.episode.episode_number });

export const cases = {
  listMovies: { shape: page(movie), also: (ask) => [pages, filters, sorted].forEach((step) => step(ask)) },
  getMovie: { values: film, shape: movie, also: (ask, { films }) => asListed('getMovie', 'listMovies', films[0], ask) },
  listRelatedMovies: { values: film, shape: short(summary), also: (ask, { films }) => withoutItself('listRelatedMovies', films[0], ask) },
  listMovieTrailers: { values: film, shape: short(trailer) },
  getMovieTracks: { values: film, shape: tracks },
  listShows: { shape: page(show), also: showFilters },
  getShow: { values: ofShow, shape: show, also: (ask, { shows }) => asListed('getShow', 'listShows', shows[0], ask) },
  listSeasons: { values: ofShow, shape: short(season), also: seasonsAddUp },
  getSeason: { values: ofSeason, shape: season, also: (ask, { episode }) => asListed('getSeason', 'listSeasons', episode.season_id, ask) },
  listShowTrailers: { values: ofShow, shape: short(trailer) },
  listRelatedShows: { values: ofShow, shape: short(summary), also: (ask, { shows }) => withoutItself('listRelatedShows', shows[0], ask) },
  listEpisodes: { values: ofSeason, shape: page(episode), also: episodePages },
  getEpisode: { values: ofEpisode, shape: episode, also: (ask, { episode }) => asListed('getEpisode', 'listEpisodes', episode.id, ask) },
  getEpisodeTracks: { values: (catalogue) => ({ episode_id: catalogue.episode.id }), shape: tracks },
  listCollections: { shape: page(object(listedCollection)), also: collectionPages },
  getCollection: { values: (catalogue) => ({ collection_id: catalogue.collections[0] }), shape: object({ ...listedCollection, item_refs: list(item), meta }) },
  getHome: { shape: home, also: (ask, catalogue) => [railsOfCollections, everyPlatformHasRails].forEach((step) => step(ask, catalogue)) },
  search: { shape: page(summary), also: searched },
  autocomplete: { needs: () => ({ q: 'the' }), shape: short(suggestion), also: asTyped },
  getTrending: { shape: short(summary), also: ranked },
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
    shape: object({ data: map(list(program)), meta }),
    also: (ask, catalogue) => [inOrder, limits, schedulePages].forEach((step) => step('getEpgSchedule', ask, catalogue)),
  },
  getProgram: { values: (catalogue) => ({ program_id: catalogue.programs[0] }), shape: program, also: sameOnTheLine },
  getAppConfig: { needs: () => ({ platform: 'web' }), shape: config, also: everyPlatform },
  getHealth: { shape: health },
  getReadiness: { shape: object({ status: oneOf('ready') }) },
  getVersion: { shape: object({ api_version: text, build_date: text, commit_sha: text }) },
  metrics: { type: 'text/plain' },
};

function withoutItself(op, id, ask) {
  const related = ask(op).json('data').map((title) => title.id);
  expect(op, 'lists others, each once', new Set(related).size === related.length && !related.includes(id), related);
  expect(op, 'lists as many as asked', ask(op, { limit: 1 }).json('data').length === Math.min(1, related.length), related);
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
