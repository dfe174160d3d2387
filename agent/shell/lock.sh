# One run at a time on a device, of whatever folder: two would disturb each other. The lock is a
# folder `lock` beside the runs' folders; its `holder` is one line
#
#     PID BEGUN BOOT RUN UNTIL
#
# BEGUN: start of the process in ticks since boot, which with the boot id names one process for
# ever. RUN: name of the run's folder. UNTIL: seconds since boot up to which the run keeps the
# device while no process of it lives, between two of its attempts. A holder that is gone, or of
# another boot, is taken over from.

# keep_place DIR: sets `work`, `control`, `lock`, `run_name`, `boot`.
keep_place() {
    safe_path "$1" || complain 'the folder has to be an absolute path' 2
    work=$1
    control=$work/control
    lock=${work%/*}/lock
    run_name=${work##*/}
    case $run_name in '' | *[!A-Za-z0-9._-]*) complain 'the name of the folder is no plain word' 2 ;; esac
    read_boot
}

# complain TEXT [STATUS]
complain() {
    put "agent.sh: $1" >&2
    [ -z "${2-}" ] || exit "$2"
}

# Exits with 4 while somebody else has it, with 3 where it cannot be made.
take_lock() {
    holds $$
    mine="$$ $begun $boot $run_name 0"
    taken_over=
    pause_kind=sleep
    tries=0
    until mkdir "$lock" 2>/dev/null; do
        [ -d "$lock" ] || [ $tries -lt 20 ] || complain "$lock cannot be made" 3
        tries=$((tries + 1))
        [ -s "$lock/holder" ] || pause_ms 200
        read_holder
        ! is_held || complain "$held_by is going on already" 4
        taken_over=1
        mv "$lock" "$lock.$$" 2>/dev/null && rm -rf "$lock.$$"
    done
    put "$mine" >"$lock/holder" || complain "$lock/holder cannot be written" 3
    [ -z "$taken_over" ] || still_mine
}

read_holder() {
    other= other_begun= other_boot= other_run= other_until=0
    [ ! -s "$lock/holder" ] ||
        read -r other other_begun other_boot other_run other_until <"$lock/holder"
}

# Whether the holder that was read keeps us out; says in `held_by` who it is.
is_held() {
    [ "$other_boot" = "$boot" ] || return 1
    held_by="run $other_run (process $other)"
    holds "$other" && [ "$begun" = "$other_begun" ] && return 0
    [ "$other_run" != "$run_name" ] && whole "$other_until" 1 999999999 || return 1
    read -r up idle </proc/uptime
    held_by="run $other_run, between two attempts and for $((other_until - ${up%.*})) s more,"
    [ "${up%.*}" -lt "$other_until" ]
}

# Two that take over from a dead one at once: the later one has the lock.
still_mine() {
    pause_ms 300
    read_holder
    if [ "$other" != $$ ]; then
        trap - EXIT
        complain "run $other_run has just begun and is going on already" 4
    fi
}

# leave_lock SECONDS: keeps the device for this run so long; 0 gives it up.
leave_lock() {
    if [ "$1" -gt 0 ]; then
        read -r up idle </proc/uptime
        put "0 0 $boot $run_name $((${up%.*} + $1))" >"$lock/holder"
    else
        rm -rf "$lock"
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

# claim DIR SECONDS: keeps the device for the run of DIR, which will begin within so long.
claim() {
    keep_place "$1"
    whole "${2-}" 1 999999 || complain 'seconds are missing' 2
    if ! mkdir -p "$work"; then
        refuse spool-unwritable "$work cannot be made"
    elif said=$(take_lock 2>&1); then
        leave_lock "$2"
        say_kept 0
    else
        refuse_start $?
        rmdir "$work" 2>/dev/null || :
    fi
}

# give_up DIR: frees the device where this run has it and no process of the run lives.
give_up() {
    keep_place "$1"
    read_holder
    if [ "$other_run" = "$run_name" ] && ! holds "$other"; then rm -rf "$lock"; fi
    rmdir "$work" 2>/dev/null || : # one in which nothing was ever done
}

say_kept() { say "{\"type\":\"kept\",\"pid\":$1,\"boot_id\":\"$boot\"}"; }

# refuse_start STATUS: why no run was begun; `said` is what it complained of.
refuse_start() {
    said=${said%%"$NL"*}
    case $1 in
    4) refuse busy "${said#agent.sh: }" ;;
    2) refuse bad-order "${said#agent.sh: }" ;;
    *) refuse spool-unwritable "${said#agent.sh: }" ;;
    esac
}
