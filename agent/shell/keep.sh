# Runs that outlive the link: `agent.sh detached DIR`, started with setsid or nohup. DIR/orders holds
# an `attempt` line for each attempt. One lock folder beside DIR refuses a second run at once, of
# whatever folder: two would disturb each other. `agent.sh status DIR` says what is there.

detached() {
    safe_path "$1" || complain 'the folder has to be an absolute path' 2
    work=$1
    control=$work/control
    lock=${work%/*}/lock
    [ -r "$work/orders" ] || complain "$work/orders is not there" 2
    keep=1 spoken= host=$$
    stop_file=$work/stop
    heartbeat=$work/heartbeat
    mkdir -p "$control" || complain "$control cannot be made" 3
    read_boot
    take_lock
    trap '' HUP
    trap 'rm -rf "$lock"' EXIT
    trap ': >"$stop_file"' TERM INT
    start_clock
    find_pause "$work"
    while IFS= read -r line <&5; do
        run_kept "$line"
        [ ! -e "$stop_file" ] || break
    done 5<"$work/orders"
    number=${number:-0}
    stamp
    put "$t_ns $boot $$ $number ended" >"$heartbeat"
}

run_kept() {
    set -f
    IFS=$TAB
    set -- $1
    IFS=$WHITE
    set +f
    [ "${1-}" = attempt ] || { complain "a line of $work/orders is no attempt" && return 0; }
    shift
    if ! read_order "$@" || ! fresh_folder "$spool"; then
        complain "$reason"
        return 0
    fi
    attempt </dev/null 5<&- &
    attempt_pid=$!
    while holds $attempt_pid; do # a trap ends `wait` early
        wait $attempt_pid
    done
}

# complain TEXT [STATUS]
complain() {
    put "agent.sh: $1" >&2
    [ -z "${2-}" ] || exit "$2"
}

# The lock says who holds it: process, its start in ticks since boot, boot. A holder that is gone,
# or of another boot, is taken over from.
take_lock() {
    holds $$
    mine="$$ $begun $boot"
    taken_over=
    pause_kind=sleep
    until mkdir "$lock" 2>/dev/null; do
        other= other_begun= other_boot=
        [ -s "$lock/holder" ] || pause_ms 200
        [ ! -s "$lock/holder" ] || read -r other other_begun other_boot <"$lock/holder"
        if [ "$other_boot" = "$boot" ] && holds "$other" && [ "$begun" = "$other_begun" ]; then
            complain "a run is going on already (process $other); see agent.sh status" 4
        fi
        taken_over=1
        mv "$lock" "$lock.$$" 2>/dev/null && rm -rf "$lock.$$"
    done
    put "$mine" >"$lock/holder"
    [ -z "$taken_over" ] || still_mine
}

# Two that take over from a dead one at once: the later one has the lock.
still_mine() {
    pause_ms 300
    other=
    [ ! -s "$lock/holder" ] || read -r other idle <"$lock/holder"
    if [ "$other" != $$ ]; then
        trap - EXIT
        complain 'another run has just begun; see agent.sh status' 4
    fi
}

# holds PID: whether it runs; sets `begun` (field 22 of proc_pid_stat(5), 20 after the name).
holds() {
    begun=
    whole "$1" 1 999999999 && read -r stat <"/proc/$1/stat" || return 1
    begun_of ${stat##*) }
} 2>/dev/null
begun_of() {
    begun=${20}
    case $1 in [ZX]) return 1 ;; esac
}

# status DIR: one line of JSON about a detached run.
status() {
    safe_path "$1" || complain 'the folder has to be an absolute path' 2
    work=$1
    read_boot
    state=never
    beat_ns=null beat_boot= beat_pid= beat_number=0 beat_phase=
    if [ -s "$work/heartbeat" ]; then
        read -r beat_ns beat_boot beat_pid beat_number beat_phase <"$work/heartbeat"
        state_of_beat
    elif [ -e "$work/orders" ]; then
        state=waiting
        [ ! -s "${work%/*}/lock/holder" ] || state=running
    fi
    attempts=
    for spool in "$work"/[0-9]*; do
        [ -d "$spool" ] || continue
        attempt_state
    done
    case $beat_ns in *[!0-9]* | '') beat_ns=null ;; esac
    json_text "$beat_phase"
    put "{\"type\":\"status\",\"state\":\"$state\",\"boot_id\":\"$boot\",\"heartbeat_ns\":$beat_ns,\"phase\":$js,\"attempts\":[$attempts]}"
}

state_of_beat() {
    if [ "$beat_phase" = ended ]; then
        state=ended
    elif [ "$beat_boot" != "$boot" ]; then
        state=rebooted
    elif holds "$beat_pid"; then
        state=running
    else
        state=died
    fi
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
