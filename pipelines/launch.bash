# SPDX-License-Identifier: LGPL-2.1-or-later
# What the pipelines run gst-launch with.

# gst-launch reads its arguments as one text, in which some characters mean something.
quote() {
  local text=${1//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

# Whether this is a number of seconds from 1 to a day, as the scripts take them: not 08, which gst-launch would read as octal.
is_seconds() {
  [[ $1 =~ ^[1-9][0-9]{0,4}$ ]] && [ "$1" -le 86400 ]
}

# gst-launch, of which only errors and the describer's warnings are seen, on standard error. It stops its main loop where an error is
# posted; before that loop runs nothing stops (GStreamer 1.26), and it would stay for ever. A signal ends it. In the background,
# because the shell hears signals only while it waits. Needs pipefail.
launch() {
  { echo "$BASHPID" >&2 && LC_NUMERIC=C exec gst-launch-1.0 "$@" > >(pick_warnings >&2); } 2>&1 | pass_errors >&2 &
  wait $!
}

# What gst-launch says on standard output: warnings are known by the path of what they come from, in any language.
pick_warnings() {
  exec sed -un 's|^.* /GstPipeline:pipeline0/GstLlama4Describe:d: |warning: |p'
}

# Standard input to output: a process, then what it prints. Five seconds after an error with no word more, the process is ended.
# Errors are known by the path of what they come from, in any language. With $patience it has so many seconds to the first word.
pass_errors() {
  local process line limit=(${patience:+-t "$patience"})
  IFS= read -r process
  while :; do
    if IFS= read -r "${limit[@]}" line; then
      printf '%s\n' "$line"
      [[ $line != */GstPipeline:pipeline0/* ]] || limit=(-t 5)
    elif [ $? -gt 128 ]; then
      kill "$process"
      limit=()
    else
      return 0
    fi
  done
}

# gst-launch takes an interrupt for the end of the video, and goes on when the script is ended: so it is ended first. The script's trap
# for EXIT then removes what is not whole. An interrupt is passed on, or a loop that the script was called from would go on.
stop() {
  local running
  running=$(jobs -p)
  if [ -n "$running" ]; then
    kill "$running" 2> /dev/null || :
    wait "$running" || :
  fi
  if [ "$1" = 130 ]; then
    trap - INT
    kill -INT $$
  fi
  exit "$1"
}
trap 'stop 129' HUP
trap 'stop 130' INT
trap 'stop 143' TERM
