# Rail energies of Android's power stats service, for who may ask it and is not root (AOSP,
# PowerStats.cpp of the HAL 2.0). A question starts `dumpsys`, so a process beside the sampler asks,
# once in RAILS_MS, and once more at the end. Never with `delta`: that compares with the last call of
# anybody. Its rows are those of a source, with the stamps of the call.

RAILS_MS=2000
RAILS=android.hardware.power.stats.IPowerStats/default

# found_rails FILE: asks, keeps the answer in FILE, writes the lines of its channels to stdout, or why
# there are none to descriptor 4 as `found_sources` does. Says nothing where there is no dumpsys.
found_rails() {
    command -v dumpsys >/dev/null 2>&1 || return 0
    dumpsys $RAILS </dev/null >"$1" 2>/dev/null
    take_rails <"$1"
    slugs=' '
    set -f
    IFS=$NL
    for rail in $rails; do
        IFS=$WHITE
        slug "$rail"
        put "power_stats.$slug.energy|mJ|counter|dumpsys $RAILS: $slug|energy|1|B"
    done
    IFS=$WHITE
    set +f
    [ -n "$rails" ] || put "power_stats|dumpsys $RAILS|not-present: no rail in the answer" >&4
}

# take_rails: of an answer on stdin `rails`, one a line, and `values` in mWs, each after a TAB: those
# of the energy meter's section. Consumers, which follow, are a model on top of them.
take_rails() {
    inside=
    rails=
    values=
    while IFS= read -r line; do
        case $inside$line in
        1*'End of PowerStats'*) return 0 ;;
        *'= PowerStats HAL 2.0 energy meter ='*) inside=1 ;;
        1*'['*']'*' mWs'*)
            rail=${line#*'['}
            rails=$rails${rail%%']'*}$NL
            value=${line%%' mWs'*}
            value=${value##* }
            check_value "$control/answer"
            values=$values$TAB$value
            ;;
        esac
    done
}

# start_rails: begins the stream, if the order wants it and the service names rails.
start_rails() {
    [ ! -s "$control/ordered" ] || return 0
    case " $kinds" in ' ' | *' power_stats '*) ;; *) return 0 ;; esac
    found_rails "$control/answer" >"$control/asked" 4>>"$control/absent"
    [ -s "$control/asked" ] || return 0
    columns=
    while IFS='|' read -r name unit rest; do
        columns="$columns,[\"$name\",\"$unit\"]"
    done <"$control/asked"
    stream_header "$spool/source-power_stats.tsv" source-power_stats \
        "[\"tick\",\"{count}\"],[\"due_ns\",\"ns\"],[\"t0_ns\",\"ns\"],[\"t1_ns\",\"ns\"]$columns" || return 0
    take_rails <"$control/answer"
    first_rails=$rails
    rail_tick=0
    ask_rails
    (
        trap - TERM
        exec </dev/null >/dev/null 2>/dev/null
        keep_asking
    ) &
    asker=$!
}

# ask_rails: one row. An answer with other rails than the first is none.
ask_rails() {
    stamp
    rail_t0_ns=$t_ns
    dumpsys $RAILS </dev/null >"$control/answer" 2>/dev/null
    stamp
    take_rails <"$control/answer"
    [ "$rails" = "$first_rails" ] || other_rails
    put "$rail_tick$TAB$rail_tick$TAB$rail_t0_ns$TAB$rail_t0_ns$TAB$t_ns$values$TAB-" \
        >>"$spool/source-power_stats.tsv" || { unwritable=1 && return 1; }
    rail_tick=$((rail_tick + 1))
}

other_rails() {
    values=
    while IFS= read -r rail; do
        values="$values$TAB!no-such-field: the service names other rails"
    done <"$control/asked"
}

keep_asking() {
    rail_wait_ms=0
    while [ ! -e "$control/over" ] && [ -e "/proc/$parent/exe" ]; do
        pause_ms 200
        rail_wait_ms=$((rail_wait_ms + 200))
        [ $rail_wait_ms -lt $RAILS_MS ] || { rail_wait_ms=0 && ask_rails; } || break
    done
    [ -n "$unwritable" ] || ask_rails
    : >"$control/asked-last"
}

# end_rails: after the end of sampling; the last row is after all that was measured.
end_rails() {
    [ -n "$asker" ] || return 0
    await "$control/asked-last" || kill -9 "$asker"
    wait "$asker"
}
