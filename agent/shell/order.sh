# The order for one attempt: fields `key=value` of one line (agent/wire_lines.py), read strictly.
# What is not known is refused. Runs and sources wait in files of the control folder, still coded.

MAX_RUNS=100000
# Lines of a runner beyond this are no measurement any more.
MAX_LINES=20000
MIN_LOG_BYTES=65536
MAX_LOG_BYTES=67108864

# read_order FIELD...: sets the variables below; fails with `reason`.
read_order() {
    number= spool= idle_before_ms=0 idle_after_ms=0 watchdog_ms= log_bytes=4194304
    sampling=false period_ms=100 jitter_permille=0 seed=0 token= kinds= apart= follow=
    runs=0
    rm -f "$control"/*
    : >"$control/sources"
    : >"$control/marks"
    for field; do
        decoded "${field#*=}"
        reason="bad-order: ${field%%=*}"
        read_field "$field" || return 1
    done
    reason='bad-order: number, directory, watchdog_ms or run is missing'
    [ -n "$number" ] && [ -n "$spool" ] && [ -n "$watchdog_ms" ] && [ $runs -gt 0 ] || return 1
    reason=
}

# Times go to a week, as in agent/order.py.
read_field() {
    case $1 in
    number=*) whole "$plain" 1 1000000 && number=$plain ;;
    directory=*) safe_path "$plain" && spool=$plain ;;
    idle_before_ms=*) whole "$plain" 0 604800000 && idle_before_ms=$plain ;;
    idle_after_ms=*) whole "$plain" 0 604800000 && idle_after_ms=$plain ;;
    watchdog_ms=*) whole "$plain" 1 604800000 && watchdog_ms=$plain ;;
    log_bytes=*) whole "$plain" $MIN_LOG_BYTES $MAX_LOG_BYTES && log_bytes=$plain ;;
    apart=*) in_words "$plain" true false && { [ "$plain" = false ] || apart=1; } ;;
    follow=*) in_words "$plain" true false && { [ "$plain" = false ] || follow=1; } ;;
    mark=*) read_mark && put "$plain" >>"$control/marks" ;;
    token=*) one_line "$plain" && token=$plain ;;
    run=*) [ "$plain" = $runs ] && [ $runs -lt $MAX_RUNS ] && runs=$((runs + 1)) ;;
    run.item=* | run.warmup=* | run.argv=*)
        [ $runs -gt 0 ] && put "$1" >>"$control/run-$((runs - 1))"
        ;;
    sampling.enabled=*) in_words "$plain" true false && sampling=$plain ;;
    sampling.period_ms=*) whole "$plain" 1 1000000 && period_ms=$plain ;;
    sampling.jitter_permille=*) whole "$plain" 0 450 && jitter_permille=$plain ;;
    sampling.seed=*) whole "$plain" 0 999999999 && seed=$plain ;;
    sampling.kind=*) case $plain in *[!a-z0-9_-]* | '') return 1 ;; esac; kinds="$kinds$plain " ;;
    sampling.source=*) one_line "$plain" && put "$plain" >>"$control/sources" ;;
    *) return 1 ;;
    esac
}

# EVENT|GLOB: a line of the runner that fits the pattern is that event.
read_mark() {
    one_line "$plain" || return 1
    case ${plain%%\|*} in '' | *[!a-z0-9_]*) return 1 ;; esac
    case $plain in *'|'?*) ;; *) return 1 ;; esac
}

one_line() {
    case $1 in '' | *"$NL"*) return 1 ;; esac
    [ ${#1} -le 1000 ]
}

# An absolute path without a step upwards.
safe_path() {
    case $1/ in *"$NL"* | *'/../'* | *'//'* | *'"'* | *\\*) return 1 ;; esac
    case $1 in /?*) ;; *) return 1 ;; esac
    [ ${#1} -le 1000 ]
}

# fresh_folder PATH: makes it; it must be empty. Fails with `reason`.
fresh_folder() {
    reason="spool-unwritable: $1 cannot be made"
    mkdir -p "$1" 2>/dev/null && [ -w "$1" ] || return 1
    reason="spool-unwritable: $1 is not empty"
    for one in "$1"/*; do
        [ -e "$one" ] && return 1
    done
    reason=
}
