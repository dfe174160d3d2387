# A log that the runner writes itself: its first lines are stamped, the rest is counted at its end.

# One event for each of the first lines of the log, from where the last run left it.
stamp_first() {
    trap - TERM
    first=0
    while [ $first -lt $FIRST_LINES ] && next_line; do
        stamp
        first=$((first + 1))
        line_number=$((line_number + 1))
        event line "\"run\":$run,\"line\":$line_number,\"size_bytes\":${#text}"
    done
    say_counts
}

# next_line: the next whole line of a file that grows; fails when the runner has ended.
next_line() {
    held=
    until IFS= read -r text; do
        held=$held$text
        [ -n "$ended" ] && return 1
        [ ! -e "$control/ended" ] || ended=1
        [ -n "$ended" ] || pause_ms $FOLLOW_MS
    done
    text=$held$text
}

# Lines of the log that nobody has read; the next run begins behind them. A last line without an end
# is given one, so that the next run does not go on in it.
count_rest() {
    line_number=$((line_number + $(wc -l <&5)))
    if [ -s "$spool/engine.log" ] && [ "$(tail -c 1 "$spool/engine.log" | wc -l)" -eq 0 ]; then
        echo >>"$spool/engine.log"
        line_number=$((line_number + $(wc -l <&5)))
    fi
    stamp
    event output_end "\"run\":$run,\"lines\":$line_number"
}

# A log that is followed is looked at once a second, by its size.
log_grows() {
    now
    [ "$t_s" != "$looked_s" ] || return 0
    looked_s=$t_s
    log_size=$(wc -c <"$spool/engine.log")
    [ "$log_size" = "$log_was" ] || put "$t_s" >"$control/alive"
    log_was=$log_size
}
