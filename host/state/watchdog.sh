# The leases of one device, kept on the device: what was changed of it, how it is put back, and a
# watchdog that does so when nobody gives a sign any more. Runs under mksh with toybox (Android),
# BusyBox ash and dash; needs no Python. Each word after DIR is one call of the host:
#
#   claim TOKEN              make DIR ours: `ok`, or `taken TOKEN ALIVE LEFT`
#   put TOKEN NUMBER         stdin is the script that restores one control, and then makes the
#                            file $1; kept whole or not at all: `ok`, or `lost`
#   start TOKEN SILENCE POLL start the watchdog, detached: `ok`, or why not
#   beat TOKEN SIGN          a sign of life, a word that was not said before: `ok`, or `lost`
#   restore                  put everything back, newest first; `left N` says how many could not
#   drop TOKEN NUMBER...     these were put back by somebody else
#   end TOKEN [settled]      stop the watchdog and give DIR up; refused while a lease is left, but
#                            where the host's book says that all of them are settled
#
# In DIR: holder, heartbeat, lease-NNN.sh (still to be restored), done-NNN.sh (restored here),
# order (what the watchdog is told), over (it has taken over), watching/ (one at a time), log.
# Silence is counted in /proc/uptime, which goes on in suspend and knows no clock that is set.
# One lookup costs one `sleep`; all else is built into the shell.
trap '' HUP
dir=$1 word=$2
shift 2

now() {
    read -r up rest </proc/uptime
    up=${up%%.*}
}
boot_of() {
    boot=unknown
    { read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null
}
# The moment a process began, in ticks since boot (proc(5), field 22): pid numbers come again.
began_of() {
    began=
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    set -f
    # The name in brackets may hold spaces and brackets itself, so count from its end.
    set -- ${stat##*) }
    set +f
    [ $# -gt 19 ] || return 1
    # Dead, and only not yet waited for by its parent.
    case $1 in Z | X) return 1 ;; esac
    shift 19
    began=$1
}
say() {
    now
    echo "$up $*" >>log
}
bounded() {
    if command -v timeout >/dev/null 2>&1; then timeout 20 "$@"; else "$@"; fi
}
first_of() { # first word of a file, or nothing
    first= others=
    { read -r first others <"$1"; } 2>/dev/null
}
alive() { # whether the watchdog that stands in watching/pid still runs
    pid= start= where=
    { read -r pid start where <watching/pid; } 2>/dev/null || [ -n "$where" ] || return 1
    boot_of
    [ "$where" = "$boot" ] && began_of "$pid" && [ "$began" = "$start" ]
}
count_left() {
    left=0
    for file in lease-*.sh; do [ -f "$file" ] && left=$((left + 1)); done
}
restore_all() {
    for try in 1 2 3; do
        list=
        for file in lease-*.sh; do [ -f "$file" ] && list="$file $list"; done
        for file in $list; do
            rm -f "ok-$file"
            # The script says itself that it is done: toybox 0.8.9's `timeout` loses the status.
            bounded sh "./$file" "ok-$file" </dev/null >>log 2>&1
            if [ -f "ok-$file" ]; then
                rm -f "ok-$file"
                mv "$file" "done-${file#lease-}" 2>/dev/null
                say "restored ${file#lease-}"
            else
                say "could not restore ${file#lease-}, try $try"
            fi
        done
        count_left
        [ "$left" = 0 ] && return 0
        sleep 1
    done
    return 1
}
take_over() {
    say "$1"
    : >over
    first_of heartbeat
    if [ "$2" = "$first" ] || [ "$1" != silence ]; then
        restore_all
        say "left $left"
        return 0
    fi
    # A sign came while we made up our mind. Whoever gave it after `over` was there knows.
    rm -f over
    say "a sign after all"
    return 1
}
enter() {
    cd "$dir" 2>/dev/null || { echo "no lease folder"; exit 4; }
}
ours() {
    first_of holder
    [ "$first" = "$1" ] || { echo "held by ${first:-nobody}"; exit 5; }
}

case $word in
claim)
    # What an ending could not take away, since a watchdog was still writing into it.
    rm -rf "$dir".ended.* 2>/dev/null
    if mkdir "$dir" 2>/dev/null; then
        enter
        echo "$1" >holder
        echo 0 >heartbeat
        echo ok
        exit 0
    fi
    enter
    first_of holder
    count_left
    life=0
    alive && life=1
    echo "taken ${first:-unknown} $life $left"
    ;;
put)
    enter
    ours "$1"
    if [ -f over ]; then echo lost; exit 0; fi
    cat >"part-$2"
    last=
    while read -r line; do last=$line; done <"part-$2"
    [ "$last" = "# end" ] || { rm -f "part-$2"; echo "cut off"; exit 6; }
    mv "part-$2" "lease-$2.sh"
    # It must outlive a loss of power right after what it undoes was set.
    fsync "lease-$2.sh" . 2>/dev/null || sync
    echo ok
    ;;
start)
    enter
    ours "$1"
    if alive; then echo "runs already"; exit 7; fi
    up=
    now 2>/dev/null
    [ -n "$up" ] || { echo "silence cannot be counted: no /proc/uptime"; exit 8; }
    rm -f order over
    if command -v setsid >/dev/null 2>&1; then
        setsid sh "$0" "$dir" watch "$2" "$3" </dev/null >/dev/null 2>&1 &
    else
        nohup sh "$0" "$dir" watch "$2" "$3" </dev/null >/dev/null 2>&1 &
    fi
    tries=0
    while ! alive; do
        tries=$((tries + 1))
        [ "$tries" -le 50 ] || { echo "it did not start"; exit 8; }
        sleep 0.1 2>/dev/null || sleep 1
    done
    echo ok
    ;;
watch)
    enter
    if ! mkdir watching 2>/dev/null; then
        alive && { say "a second watchdog was refused"; exit 7; }
        # Its process is gone: only one of two that see so can take the folder away.
        mv watching "watching.$$" 2>/dev/null || exit 7
        rm -rf "watching.$$"
        mkdir watching 2>/dev/null || exit 7
    fi
    boot_of
    began_of $$
    # Written whole: a reader must never see half of it.
    echo "$$ $began $boot" >watching/part
    mv watching/part watching/pid
    trap 'take_over "told to end" ""; rm -rf watching; exit 0' TERM INT
    first_of heartbeat
    seen=$first
    now
    since=$up
    say "watching $$, silence $1"
    # A sleep that knows no fractions says so at once; then it is a whole second.
    while sleep "$2" 2>/dev/null || sleep 1; do
        [ -f holder ] || exit 0
        first_of order
        case $first in
        end) say "told that all is done"; break ;;
        restore) take_over "told to restore" ""; break ;;
        esac
        first_of heartbeat
        now
        if [ "$first" != "$seen" ]; then
            seen=$first since=$up
        elif [ $((up - since)) -ge "$1" ]; then
            take_over silence "$seen" && break
            since=$up
        fi
    done
    rm -rf watching
    ;;
beat)
    enter
    first_of holder
    [ "$first" = "$1" ] || { echo lost; exit 0; }
    echo "$2" >heartbeat
    if [ -f over ]; then echo lost; elif alive; then echo ok; else echo unwatched; fi
    ;;
restore)
    enter
    restore_all
    echo "left $left"
    ;;
drop)
    [ -d "$dir" ] || { echo ok; exit 0; }
    enter
    ours "$1"
    shift
    for number in "$@"; do rm -f "lease-$number.sh"; done
    echo ok
    ;;
end)
    [ -d "$dir" ] || { echo ok; exit 0; }
    enter
    first_of holder
    # A folder without a holder, of a claim or an ending that was cut off, is anybody's to end.
    [ "${first:-unknown}" = "$1" ] || { echo "held by ${first:-nobody}"; exit 5; }
    count_left
    [ "$left" = 0 ] || [ "${2-}" = settled ] || { echo "left $left"; exit 9; }
    echo end >order
    if alive; then kill -9 "$pid"; fi
    # Gone under its name at once: a watchdog that writes its last line makes `rm` fail.
    gone=$dir.ended.$$
    cd / && mv "$dir" "$gone" || { echo "$dir cannot be given up"; exit 4; }
    rm -rf "$gone" 2>/dev/null || { sleep 1; rm -rf "$gone"; }
    echo ok
    ;;
*)
    echo "unknown word"
    exit 2
    ;;
esac
