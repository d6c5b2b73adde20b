#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# corpus.sh RUNNER CORPUS FOUND PYTHON: runs the corpus through the parser and scores it; skipped (77) without a corpus.
if [ -z "$2" ] || [ ! -f "$2/syslog/cases.jsonl" ] || [ ! -f "$2/score_syslog.py" ] || [ -z "$4" ]; then
  echo "skipped: no syslog/cases.jsonl with score_syslog.py in the corpus '$2', or no python3; cmake -DBONGSU_CORPUS=FOLDER gives a corpus"
  exit 77
fi
"$1" "$2/syslog/cases.jsonl" > "$3" || exit 1
exec "$4" "$2/score_syslog.py" "$2/syslog/cases.jsonl" "$3" --min 90 --failures "${FAILURES:-0}"
