#!/usr/bin/env bash
# Create engagement with curl and jq: a first submission, the same once more, and one that is refused.
set -euo pipefail
url=${ENGAGEMENTS_URL:-http://127.0.0.1:4010/api}
credential=${ENGAGEMENTS_CREDENTIAL:-sk-apik_writer.local}
key=${1:-examples:curl}
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

# submit EXTERNAL_ID MEDIA_URL. With --retry, curl waits as long as Retry-After says. The same key makes that safe.
# The credential comes from a file descriptor, because every user of the machine can read a command line.
submit() {
  local status
  status=$(
    jq --null-input --arg key "$1" --arg media "$2" '{
      type: "CALL", title: "First call with Acme", source_system: "examples",
      external_id: $key, media_url: $media, run_workflows: false
    }' | curl --silent --show-error --max-time 60 --retry 5 --output "$answer" --write-out '%{http_code}' \
      --header @<(printf 'Authorization: Bearer %s\n' "$credential") \
      --header 'Content-Type: application/json' --data @- "$url/v2/engagements"
  )
  if ((status < 300)); then
    jq --raw-output --arg status "$status" '"\($status) \(.id)"' "$answer"
  else
    jq --raw-output '"\(.status) \(.detail)", (.errors[]? | "    \(.field) \(.message)")' "$answer"
  fi
}

submit "$key" 'https://media.mock.test/ok.mp3?duration=90'
submit "$key" 'https://media.mock.test/ok.mp3?duration=90'
submit "$key:page" 'https://media.mock.test/page.html'
