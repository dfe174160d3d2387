# Runs that outlive the link. DIR/orders holds an `attempt` line for each attempt; one that was
# written as DIR/orders.new takes its place when the run begins, so that it never changes under one.
#
#     detach DIR [SECONDS]     starts `detached` and says whether it has begun
#     detached DIR [SECONDS]   the run; afterwards the device is kept for DIR so long (lock.sh)
#
# It leaves DIR/process (`PID BEGUN BOOT`), DIR/heartbeat, a folder with `end.json` for each attempt
# that came to its end, and DIR/refused where an order was. A file DIR/stop ends it.

# A run has so long to take the lock, in tenths of a second.
BEGIN_DS=200

detach() {
    keep_place "$1"
    mkdir -p "$work"
    # A process group of its own, so that what ends the link's processes leaves it alone.
    ${SETSID:-nohup} $OWN_SHELL "$0" detached "$work" "${2-0}" </dev/null >/dev/null 2>"$work/keeper.log" &
    child=$!
    pause_kind=sleep
    tries=0
    until has_begun; do
        if ! holds $child && ! has_begun; then
            wait $child
            status=$?
            said=$(cat "$work/keeper.log")
            refuse_start $status
            return 0
        fi
        [ $tries -lt $BEGIN_DS ] || { refuse spool-unwritable 'the run did not begin' && return 0; }
        tries=$((tries + 1))
        pause_ms 100
    done
    say_kept $child
}

has_begun() {
    run_pid=
    [ ! -s "$work/process" ] || read -r run_pid idle <"$work/process"
    [ "$run_pid" = "$child" ]
}

detached() {
    keep_place "$1"
    kept_s=${2-0}
    whole "$kept_s" 0 999999 || complain 'that is no number of seconds' 2
    [ -r "$work/orders.new" ] || [ -r "$work/orders" ] || complain "$work/orders is not there" 2
    keep=1 spoken= host=$$
    stop_file=$work/stop
    heartbeat=$work/heartbeat
    mkdir -p "$control" || complain "$control cannot be made" 3
    take_lock
    trap '' HUP
    trap 'leave_lock $kept_s' EXIT
    rm -f "$stop_file" "$heartbeat" "$work/refused"
    trap ': >"$stop_file"' TERM INT
    [ ! -e "$work/orders.new" ] || mv "$work/orders.new" "$work/orders"
    holds $$
    put "$$ $begun $boot" >"$work/process.new"
    mv "$work/process.new" "$work/process"
    start_clock
    find_pause "$work"
    while IFS= read -r line <&5; do
        run_kept "$line" || break
        [ ! -e "$stop_file" ] || break
    done 5<"$work/orders"
    number=${number:-0}
    stamp
    put "$t_ns $boot $$ $number ended" >"$heartbeat"
}

# Fails where the attempts behind it have no sense any more.
run_kept() {
    set -f
    IFS=$TAB
    set -- $1
    IFS=$WHITE
    set +f
    kind=${1-}
    [ $# -eq 0 ] || shift
    reason='bad-order: a line is no attempt'
    if [ "$kind" != attempt ] || ! read_order "$@" || ! fresh_folder "$spool"; then
        put "$reason" >"$work/refused"
        complain "$reason"
        return 1
    fi
    attempt </dev/null 5<&- &
    attempt_pid=$!
    while holds $attempt_pid; do # a trap ends `wait` early
        wait $attempt_pid
    done
    end_of "$spool" || return 1
    case $end_line in *'"status":"incomplete"'*) return 1 ;; esac
}

# end_of FOLDER: sets `end_line` to how its attempt ended; fails where that does not stand there.
end_of() {
    end_line=
    [ -s "$1/end.json" ] && IFS= read -r end_line <"$1/end.json" || return 1
    case $end_line in '{"type":"attempt_end"'*'}') ;; *) return 1 ;; esac
} 2>/dev/null
