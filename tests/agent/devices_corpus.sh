#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# devices_corpus.sh DEVICESCORE CORPUS WORK PYTHON: collects the corpus' recorded devices and scores what was found; skipped (77)
# without a corpus.
if [ -z "$2" ] || [ ! -f "$2/devices/recordings.tar.xz" ] || [ ! -f "$2/score_devices.py" ] || [ -z "$4" ]; then
  echo "skipped: no devices/recordings.tar.xz with score_devices.py in the corpus '$2', or no python3; cmake -DBONGSU_CORPUS=FOLDER gives a corpus"
  exit 77
fi
mkdir -p "$3/recordings" && tar xf "$2/devices/recordings.tar.xz" -C "$3/recordings" || exit 1
"$1" --recordings "$3/recordings" --found "$3/found" --anew || exit 1
exec "$4" "$2/score_devices.py" "$2/devices/expected" "$3/found" --min 95
