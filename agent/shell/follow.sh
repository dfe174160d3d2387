# What a run without a link is doing and has left, for a host that comes later, or again.
#
#     follow DIR NUMBER [LOOKS]   messages of agent/wire.py: the `attempt_end` of each attempt from
#                                 NUMBER on, as they end; `progress` at each look while it runs; in
#                                 the end `queue_end`, `error` for a refused order, or `gone{why}`
#     status DIR                  one line for people
#
# LOOKS: how often it looks, 0 until the run has ended. Nothing here changes anything in DIR.

# Between two looks. Each costs a few reads by builtins, and no process where `read` knows -t.
LOOK_S=2

follow() {
    keep_place "$1"
    whole "${2-}" 1 1000000 && whole "${3-0}" 0 1000000 || complain 'that is no number' 2
    next=$2
    looks=${3-0}
    looked=0
    beat_of_nothing
    find_rest
    while :; do
        told=
        run_state # first: what ended before it was looked at is told below
        tell_ends
        case $state in
        running) tell_beat ;;
        ended) tell_over && return 0 ;;
        *) put "{\"type\":\"gone\",\"why\":\"$state\"}" && return 0 ;;
        esac
        # A run ends some ms after its last attempt: it is looked at again at once.
        [ -z "$told" ] || { sleep 0.2 2>/dev/null || sleep 1; }
        [ -z "$told" ] || continue
        looked=$((looked + 1))
        [ $looked -ne "$looks" ] && rest || return 0
    done
}

tell_ends() {
    folder_of $next
    while end_of "$work/$folder"; do
        put "$end_line"
        told=1
        next=$((next + 1))
        folder_of $next
    done
}

# folder_of NUMBER: sets `folder`, as the host names them: at least three digits.
folder_of() {
    case $1 in
    ?) folder=00$1 ;;
    ??) folder=0$1 ;;
    *) folder=$1 ;;
    esac
}

tell_over() {
    if [ -s "$work/refused" ]; then
        first_of "$work/refused"
        code=${line%%:*}
        in_words "$code" bad-order spool-unwritable || code=agent-error
        json_text "${line#*: }"
        put "{\"type\":\"error\",\"code\":\"$code\",\"detail\":$js}"
    elif [ -d "$work/$folder" ]; then
        put '{"type":"gone","why":"unended"}'
    else
        put '{"type":"queue_end"}'
    fi
}

# The heartbeat is a file that anybody may have written: only numbers and known words pass.
tell_beat() {
    for one in "$beat_number" "$beat_request" "$beat_requests"; do
        whole "$one" 0 1000000 || beat_of_nothing
    done
    case $beat_phase in idle | decode) ;; *) beat_phase=begin ;; esac
    case $beat_ns in *[!0-9]* | ??????????????????????*) beat_ns= ;; esac
    put "{\"type\":\"progress\",\"number\":$beat_number,\"phase\":\"$beat_phase\",\"request\":$beat_request,\"requests\":$beat_requests,\"tokens\":0,\"rate\":null,\"beat_ns\":\"$beat_ns\"}"
}
beat_of_nothing() { beat_ns='' beat_boot='' beat_number=0 beat_phase='' beat_request=0 beat_requests=0; }

# Sets `state`: running, ended, rebooted, died, waiting (orders, and nothing begun), never.
run_state() {
    state=never
    [ ! -e "$work/orders" ] || state=waiting
    [ -s "$work/process" ] || return 0
    read -r run_pid run_begun run_boot <"$work/process"
    read_beat
    if [ "$beat_phase" = ended ]; then
        state=ended
    elif [ "$run_boot" != "$boot" ]; then
        state=rebooted
    elif holds "$run_pid" && [ "$begun" = "$run_begun" ]; then
        state=running
    else
        state=died
        read_beat # it may have ended between the two looks
        [ "$beat_phase" != ended ] || state=ended
    fi
}

# What was read before stays where the file is just being written.
read_beat() {
    [ -s "$work/heartbeat" ] || return 0
    read -r beat_ns beat_boot beat_pid beat_number beat_phase beat_request beat_requests <"$work/heartbeat"
    beat_request=${beat_request:-0}
    beat_requests=${beat_requests:-0}
}

# Whether `read` knows -t: a shell that does not says so with status 2.
find_rest() {
    rest_kind=timed-read
    read -r -t 1 idle </dev/null
    [ $? -ne 2 ] || rest_kind=sleep
} 2>/dev/null

# Waits for the next look. Fails when the link's input has ended, so that nothing of it is left
# over. The status of `read` differs between shells, so it is timed.
rest() {
    if [ $rest_kind = sleep ]; then
        sleep $LOOK_S
        return 0
    fi
    uptime_cs
    rest_from=$up_cs
    read -r -t $LOOK_S idle && return 0
    uptime_cs
    [ $((up_cs - rest_from)) -ge $((LOOK_S * 50)) ]
}

# status DIR: one line of JSON about a detached run.
status() {
    keep_place "$1"
    beat_of_nothing
    run_state
    attempts=
    for spool in "$work"/[0-9]*; do
        [ -d "$spool" ] || continue
        attempt_state
    done
    case $beat_ns in *[!0-9]* | '') beat_ns=null ;; esac
    json_text "$beat_phase"
    put "{\"type\":\"status\",\"state\":\"$state\",\"boot_id\":\"$boot\",\"heartbeat_ns\":$beat_ns,\"phase\":$js,\"attempts\":[$attempts]}"
}

# One attempt's streams; `torn` where the last line has no end.
attempt_state() {
    stream_ends "$spool"
    ended=false
    [ ! -s "$spool/end.json" ] || ended=true
    torn=
    for file in "$spool"/*.tsv; do
        [ -s "$file" ] || continue
        [ "$(tail -c 1 "$file" | wc -l)" -eq 1 ] || torn="$torn${torn:+,}\"$(basename "$file" .tsv)\""
    done
    json_text "$spool"
    attempts="$attempts${attempts:+,}{\"directory\":$js,\"ended\":$ended,\"torn\":[$torn],\"streams\":[$elements]}"
}
