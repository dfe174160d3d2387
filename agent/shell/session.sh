# The session: answers the host over stdin and stdout until `bye` or the end of input. It hears
# lines (agent/wire_lines.py) and says JSON (agent/wire.py).

WIRE_VERSION=1
# The longest line that is taken; an order of many requests is long.
MAX_LINE_CHARS=16777216

session() {
    make_work
    start_clock
    find_pause "$work"
    host=$$
    stop_file=$control/stop
    heartbeat=
    attempt_pid=
    trap 'leave' EXIT
    trap 'exit 1' TERM INT HUP
    while IFS= read -r line; do
        [ ${#line} -le $MAX_LINE_CHARS ] || { refuse bad-message 'the line is too long' && continue; }
        case $line in
        ping*) pong "$line" ;;
        *) serve "$line" ;;
        esac
        [ -z "$over" ] || break
    done
}

# A folder for fifos and what waits, outside of the spool.
make_work() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/inferometer.XXXXXX" 2>/dev/null) ||
        work=$(mktemp -d /data/local/tmp/inferometer.XXXXXX) || exit 3
    control=$work/attempt
    mkdir "$control"
    over=
}

leave() {
    end_running
    rm -rf "$work"
}

# The host is gone, or says `bye`: a running attempt ends.
end_running() {
    [ -n "$attempt_pid" ] || return 0
    : >"$stop_file"
    left=50
    while attempt_runs && [ $left -gt 0 ]; do
        pause_ms 100
        left=$((left - 1))
    done
    attempt_pid=
}

# The stamps come first and last, the look at the clock in between, so that it costs the exchange
# nothing.
pong() {
    now
    as_ns
    t2_ns=$t_ns
    if ! clock_holds && fit_again; then
        now
        as_ns
        t2_ns=$t_ns
    fi
    id=${1#ping"$TAB"id=}
    id=${id%%"$TAB"*}
    case $id in '' | *[!0-9]*) id=null ;; esac
    now
    as_ns
    say "{\"type\":\"pong\",\"id\":$id,\"t2_ns\":$t2_ns,\"t3_ns\":$t_ns}"
}

serve() {
    set -f
    IFS=$TAB
    set -- $1
    IFS=$WHITE
    set +f
    kind=${1-}
    [ $# -eq 0 ] || shift
    reap
    if [ -n "$attempt_pid" ]; then
        case $kind in
        hello | stop | bye) ;;
        *) refuse busy 'an attempt runs' && return 0 ;;
        esac
    fi
    case $kind in
    hello) hello "$@" ;;
    device) say_device ;;
    probe) probe ;;
    attempt) begin "$@" ;;
    pulses) pulses "$@" ;;
    stop) [ -z "$attempt_pid" ] || : >"$stop_file" ;;
    bye)
        end_running
        over=1
        say '{"type":"bye"}'
        ;;
    timekeeping | tokenize) refuse unknown-message 'the shell agent cannot do this' ;;
    *) refuse unknown-message 'no message of this type' ;;
    esac
}

# Its mark goes before it says its end; one that was killed leaves the mark (a zombie has no exe).
attempt_runs() {
    [ -e "$work/running" ] && [ -e "/proc/$attempt_pid/exe" ]
}

# Whether the attempt has ended since.
reap() {
    if [ -n "$attempt_pid" ] && ! attempt_runs; then
        wait "$attempt_pid"
        attempt_pid=
        [ ! -e "$work/running" ] || rm -rf "$work/running" "$work/lock"
    fi
}

refuse() {
    json_text "$2"
    say "{\"type\":\"error\",\"code\":\"$1\",\"detail\":$js}"
}

# Two processes may speak while an attempt runs: the lock folder keeps their lines whole. Without an
# attempt nobody else speaks, and a pong need not wait for mkdir(1).
say() {
    if [ -n "$attempt_pid" ]; then
        say_locked "$1"
    else
        put "$1"
    fi
}
say_locked() {
    [ -n "$spoken" ] || return 0
    lock_voice
    put "$1"
    rmdir "$work/lock"
} 2>/dev/null

# A second for the other one's line: who was killed with the lock in hand does not silence this.
lock_voice() {
    tries=0
    until mkdir "$work/lock" 2>/dev/null || [ $tries -ge 200 ]; do
        pause_ms 5
        tries=$((tries + 1))
    done
}
say_end() {
    if [ -n "$keep" ]; then
        put "$1" >"$spool/end.json.new"
        mv "$spool/end.json.new" "$spool/end.json"
        return 0
    fi
    lock_voice
    rm -f "$work/running"
    put "$1"
    rmdir "$work/lock"
}

hello() {
    in_words "version=$WIRE_VERSION" "$@" || {
        refuse wire-version "version $WIRE_VERSION is spoken here"
        return 0
    }
    name_shell
    members=
    member version $WIRE_VERSION
    member pid $$
    member python null
    text_member shell "$shell_name"
    text_member pause "$pause_kind"
    text_member platform linux
    text_member boot_id "$boot"
    settings='{"argv":null,"marks":[],"token":null,"log_bytes":4194304}'
    say "{\"type\":\"hello\",$members,\"clock\":{\"domain\":\"$domain\",\"name\":\"boottime\",\"resolution_ns\":$resolution_ns,\"kind\":\"$clock_kind\",\"bound_us\":$offset_bound_us},\"engines\":{\"native\":\"1\"},\"engine_settings\":{\"native\":$settings}}"
}

probe() {
    found_sources >"$work/sources" 4>"$work/absent"
    found_rails "$work/answer" >>"$work/sources" 4>>"$work/absent"
    source_elements "$work/sources"
    channels=$elements
    absent_elements "$work/absent"
    say "{\"type\":\"sources\",\"channels\":[$channels],\"absent\":[$elements],\"probes\":[]}"
}

begin() {
    if ! read_order "$@" || ! fresh_folder "$spool"; then
        refuse "${reason%%:*}" "$reason"
        return 0
    fi
    : >"$work/running"
    attempt </dev/null &
    attempt_pid=$!
}
