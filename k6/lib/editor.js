// What editors do at the origin.
import http from 'k6/http';
import { sleep } from 'k6';
import { origin } from './env.js';
import { address } from './ops.js';
import { editor } from './tokens.js';

// call returns the answer, and throws unless it is a success: nothing after a failed write would mean what it seems to.
function call(method, op, values, body) {
  const answer = http.request(method, origin + address(op, values), body && JSON.stringify(body), {
    headers: { Authorization: `Bearer ${editor}`, ...(body && { 'Content-Type': 'application/json' }) },
    tags: { op, name: op },
    redirects: 0,
    responseType: 'text',
    timeout: '10s',
  });
  if (answer.status < 200 || answer.status > 299) throw new Error(`${op}: ${answer.status} ${answer.error} ${answer.body}`);
  return answer;
}

// film has what publishing asks for, apart from the video that create registers.
function film(title, status, synopsis = 'Made by a load test.') {
  return { title, synopsis, status, release_year: 2024, runtime_minutes: 90, content_rating: 'PG', drm_required: false };
}

// create makes a draft that is ready to be published, and returns its id.
export function create(title) {
  const id = call('POST', 'adminCreateMovie', {}, film(title, 'draft')).json('id');
  const target = { content_type: 'movie', content_id: id };
  call('POST', 'adminRegisterAsset', {}, { asset_type: 'video_master', target, hls_path: `/vod/${id}/master.m3u8` });
  return id;
}

export const save = (id, title, status, synopsis) => call('PUT', 'adminUpdateMovie', id, film(title, status, synopsis));
export const publish = (id) => call('POST', 'adminPublishMovie', id);
export const unpublish = (id) => call('POST', 'adminUnpublishMovie', id);

// remove takes a film away whatever its state.
export function remove(id) {
  if (call('GET', 'adminGetMovie', id).json('status') === 'published') unpublish(id);
  call('DELETE', 'adminDeleteMovie', id);
}

// createChannel publishes a channel that is on air, and returns its id.
export function createChannel(name) {
  const body = { name, status: 'live', drm_required: false, is_premium: false, is_catchup_enabled: true };
  const id = call('POST', 'adminCreateChannel', {}, body).json('id');
  call('POST', 'adminPublishChannel', id);
  return id;
}

export function removeChannel(id) {
  call('POST', 'adminUnpublishChannel', id);
  call('DELETE', 'adminDeleteChannel', id);
}

const importPatience = 30; // seconds

// importSchedule brings programmes in and waits until all are there.
export function importSchedule(programs) {
  const channels = [...new Set(programs.map((program) => program.channel_id))];
  const feed = { format: 'json', source: JSON.stringify(programs), channel_ids: channels };
  const id = call('POST', 'adminImportEpg', {}, feed).json('id');
  for (let tries = 0; tries < importPatience * 10; tries++) {
    const job = call('GET', 'adminGetEpgImport', id).json();
    if (job.status === 'completed' && job.programs_imported === programs.length) return;
    if (job.status === 'completed' || job.status === 'failed') throw new Error(`import ${JSON.stringify(job).slice(0, 1000)}`);
    sleep(0.1);
  }
  throw new Error(`import ${id} takes longer than ${importPatience} s`);
}
