# SPDX-License-Identifier: LGPL-2.1-or-later
# What the pipelines run gst-launch with.

# gst-launch reads its arguments as one text, in which some characters mean something.
quote() {
  local text=${1//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

# gst-launch, quietly. It stops its main loop where an error is posted; before that loop runs nothing stops (GStreamer 1.26), and it
# would stay for ever. A signal ends it. Needs pipefail.
launch() {
  { { echo "$BASHPID" >&2 && LC_NUMERIC=C exec gst-launch-1.0 -q "$@"; } 2>&1 >&3 3>&- | pass_errors >&2 3>&-; } 3>&1
}

# Standard input to output: a process, then what it prints. Five seconds after an error with no word more, the process is interrupted.
# Errors are known by the path of what they come from, in any language.
pass_errors() {
  local process line limit=()
  trap '' INT
  IFS= read -r process
  while :; do
    if IFS= read -r "${limit[@]}" line; then
      printf '%s\n' "$line"
      [[ $line != */GstPipeline:pipeline0/* ]] || limit=(-t 5)
    elif [ $? -gt 128 ]; then
      kill -INT "$process"
      limit=()
    else
      return 0
    fi
  done
}
