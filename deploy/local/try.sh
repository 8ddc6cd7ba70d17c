#!/usr/bin/env bash
# Shows a film's way from the editor to the players of a running `make run`, its home screen, what is on its channels, and how one plays:
#   try.sh publish | change | unpublish | home | now | play
# Editors call the origin, players the edge. Settings: ORIGIN_ADDR, EDGE_ADDR, STATE_DIR, BIN_DIR, as for `make run`.
set -euo pipefail

origin=http://${ORIGIN_ADDR:-127.0.0.1:8081}
edge=http://${EDGE_ADDR:-127.0.0.1:8080}
export STATE_DIR=${STATE_DIR:-.state}
bin=${BIN_DIR:-bin}
kept=$STATE_DIR/try # the ids of the film and its rule, from one command to the next

die() { printf '%s\n' "$*" >&2; exit 1; }

# edit METHOD PATH [JSON]: an editor's request; prints the body, fails unless the answer is a success.
edit() {
  local answer status
  answer=$(curl -sS -X "$1" "$origin$2" -w '\n%{http_code}' -H "Authorization: Bearer $editor" \
    ${3:+-H 'Content-Type: application/json' --data-raw "$3"})
  status=${answer##*$'\n'}
  [[ $status == 2* ]] || die "$1 $2: $answer"
  printf '%s' "${answer%$'\n'*}"
}

# id: the first id in the JSON on standard input.
id() { grep -oE '"id": *"[^"]+"' | head -n 1 | cut -d '"' -f 4; }

# watch COUNTRY PATTERN: asks the edge for the film as a viewer there until `status body` matches; says how long it took.
watch() {
  local began=${EPOCHREALTIME/./} seen token
  token=$("$bin/origin" token --role viewer --country "$1")
  began=${EPOCHREALTIME/./}
  while :; do
    seen=$(curl -sS "$edge/v2/movies/$film?fields=id,title" -w '\n%{http_code}' -H "Authorization: Bearer $token")
    seen="${seen##*$'\n'} ${seen%$'\n'*}"
    # shellcheck disable=SC2053 # a pattern
    [[ $seen == $2 ]] && break
    ((${EPOCHREALTIME/./} - began < 5000000)) || die "a viewer in $1 still sees after 5 s: $seen"
    sleep 0.01
  done
  printf '  edge, viewer in %s, after %3d ms: %.80s\n' "$1" $(((${EPOCHREALTIME/./} - began) / 1000)) "$seen"
}

movie() { # movie TITLE STATUS: a film as editors write it
  printf '{"title": "%s", "synopsis": "A film that comes and goes.", "release_year": 2024, "runtime_minutes": 93,
    "content_rating": "PG", "drm_required": false, "status": "%s"}' "$1" "$2"
}

publish() {
  film=$(edit POST /v2/admin/movies "$(movie 'The First Cut' draft)" | id)
  echo "$film" >"$kept"
  echo "An editor drafted film $film:"
  watch FR '404 *'
  edit POST /v2/admin/media/assets "{\"asset_type\": \"video_master\", \"duration_seconds\": 5580,
    \"target\": {\"content_type\": \"movie\", \"content_id\": \"$film\"}, \"hls_path\": \"/vod/$film/master.m3u8\"}" >/dev/null
  edit POST "/v2/admin/movies/$film/publish" >/dev/null
  echo 'and published it:'
  watch FR '200 *The First Cut*'
}

change() {
  edit PUT "/v2/admin/movies/$film" "$(movie "The Director's Cut" published)" >/dev/null
  echo 'The editor changed its title:'
  watch FR "200 *The Director's Cut*"
  watch DE "200 *The Director's Cut*"
  rule=$(edit POST /v2/admin/geo-restrictions "{\"name\": \"Not in Germany\", \"policy\": \"block_list\",
    \"territories\": [\"DE\"], \"applies_to\": [\"$film\"]}" | id)
  echo "$rule" >>"$kept"
  echo 'and blocked it in Germany:'
  watch DE '404 *'
  watch FR '200 *'
}

unpublish() {
  edit POST "/v2/admin/movies/$film/unpublish" >/dev/null
  echo 'The editor unpublished it:'
  watch FR '404 *'
  edit DELETE "/v2/admin/movies/$film"
  for rule in $(tail -n +2 "$kept"); do edit DELETE "/v2/admin/geo-restrictions/$rule"; done
  rm "$kept"
  echo 'and deleted film and rule for good.'
}

# look PATH: the edge's answer to a viewer.
look() {
  local answer
  answer=$(curl -sS "$edge$1" -w '\n%{http_code}' -H "Authorization: Bearer $viewer")
  [[ ${answer##*$'\n'} == 200 ]] || die "GET $1: $answer"
  printf '%s' "${answer%$'\n'*}"
}

now() {
  local channels ids guide id name entry title
  viewer=$("$bin/origin" token --role viewer --country FR)
  # Each is a line: id, name.
  channels=$(look '/v2/channels?limit=30&fields=id,name' | grep -oE '"id":"[^"]*","name":"([^"\\]|\\.)*"' | sed -E 's/^"id":"([^"]*)","name":"(.*)"$/\1 \2/')
  [[ $channels ]] || die 'there are no channels: bin/origin seed --demo brings some'
  ids=$(cut -d ' ' -f 1 <<<"$channels" | paste -sd ,)
  guide=$(look "/v2/epg/now?channel_ids=$ids")
  echo 'On now, as the edge tells a viewer (until, in UTC):'
  while read -r id name; do
    entry=${guide#*"\"$id\":"}
    if [[ $entry == null* ]]; then
      printf '         %s\n' "$name"
    elif [[ $entry =~ \"title\":\"(([^\"\\]|\\.)*)\" ]]; then
      title=${BASH_REMATCH[1]}
      [[ $entry =~ \"end_time\":\"[^T]*T([0-9:]{5}) ]]
      printf '  %s  %s: %s\n' "${BASH_REMATCH[1]}" "$name" "$title"
    fi
  done <<<"$channels"
}

# titles: the titles in the JSON on standard input, on one line.
titles() { grep -oE '"title":"([^"\\]|\\.)*"' | cut -c 10- | sed 's/"$//' | paste -sd '|' | sed 's/|/ · /g'; }

home() {
  local rail
  viewer=$("$bin/origin" token --role viewer --country FR)
  echo 'The home screen of a phone, as the edge tells it in one answer:'
  look '/v2/home?platform=ios' | sed 's/{"id":"[^"]*","type":"/\n&/g' | tail -n +2 | while read -r rail; do
    printf '  %-18s %.100s\n' "$(grep -oE '"type":"[a-z_]+"' <<<"$rail" | head -n 1 | cut -d '"' -f 4)" "$(titles <<<"$rail")"
  done
  echo 'Somebody searches for godfahter, and types spi:'
  printf '  %.100s\n' "$(look '/v2/search?q=godfahter' | titles)" "$(look '/v2/search/autocomplete?q=spi' | titles)"
}

# device METHOD PATH [JSON]: a player's request to the edge; prints the body, and leaves the status in a file.
device() {
  curl -sS -X "$1" "$edge$2" -o "$kept.answer" -w '%{http_code}' -H "Authorization: Bearer $viewer" ${device:+-H "X-Device-Id: $device"} \
    ${3:+-H 'Content-Type: application/json' --data-raw "$3"} >"$kept.status"
  cat "$kept.answer"
}

# field NAME: a text of the JSON on standard input.
field() { grep -oE "\"$1\": *\"[^\"]+\"" | head -n 1 | cut -d '"' -f 4; }

play() {
  local film stream session url
  viewer=$("$bin/origin" token --role viewer --country FR) device=
  device=$(device POST /v2/devices '{"name": "try.sh", "device_type": "other", "fingerprint": "try.sh"}' | id)
  [[ $device ]] || die "no device: $(<"$kept.answer")"
  film=$(look '/v2/movies?limit=1&fields=id' | id)
  stream=$(device GET "/v2/movies/$film/stream")
  session=$(field session_id <<<"$stream") url=$(field hls_url <<<"$stream")
  [[ $session && $url ]] || die "no stream: $stream"
  printf 'A player pressed play on film %s:\n  session %s\n  HLS at  %s\n' "$film" "$session" "$url"
  printf '  its playlist: %s\n' "$(curl -sS -o "$kept.answer" -w '%{http_code}, %{size_download} bytes' "$url")"
  printf 'It beats:\n  %s\n' "$(device POST /v2/playback/heartbeat "{\"session_id\": \"$session\", \"position_seconds\": 7}")"
  device DELETE "/v2/playback/sessions/$session"
  printf 'It stopped: %s. Its next beat:\n  %s\n' "$(<"$kept.status")" \
    "$(device POST /v2/playback/heartbeat "{\"session_id\": \"$session\", \"position_seconds\": 9}")"
  [[ $(<"$kept.status") == 410 ]] || die 'the session should have ended'
  rm -f "$kept.answer" "$kept.status"
}

case ${1:-} in
home | now | play)
  "$1"
  exit
  ;;
publish | change | unpublish) ;;
*) die "usage: $0 publish | change | unpublish | home | now | play" ;;
esac
editor=$("$bin/origin" token --role editor)
if [[ $1 != publish ]]; then
  [[ -s $kept ]] || die "there is no film yet: run $0 publish first"
  film=$(head -n 1 "$kept")
fi
"$1"
