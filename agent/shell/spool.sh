# The spool of agent/spool.py: header line, sequence numbers, `-` in the place of a CRC that a
# shell cannot afford. What a line holds is plain by construction: digits, gap reasons, JSON of ours.

# stream_header FILE STREAM COLUMNS: begins a stream; columns are `["name","unit"],...`.
stream_header() {
    put "# {\"clock\":\"$domain\",\"columns\":[$3],\"spool\":1,\"stream\":\"$2\"}" >"$1"
}

# event NAME [MEMBERS]: one line of the events at the time of the last `stamp`. Counts in
# event_seq; sets `unwritable` when the disk does not take it.
event() {
    put "$event_seq$TAB$t_ns$TAB$1$TAB{${2-}}$TAB-" >>"$spool/events.tsv" || unwritable=1
    event_seq=$((event_seq + 1))
}

# stream_ends FOLDER: sets `elements` to what every stream holds, as JSON: whole lines after the
# header, bytes, SHA-256.
stream_ends() {
    elements=
    for file in "$1"/*.tsv; do
        [ -f "$file" ] || continue
        stream=${file##*/}
        stream=${stream%.tsv}
        lines=$(wc -l <"$file")
        size=$(wc -c <"$file")
        sum=$(sha256sum <"$file")
        lines=$((lines > 0 ? lines - 1 : 0))
        elements="$elements${elements:+,}{\"stream\":\"$stream\",\"lines\":$lines,"
        elements="$elements\"size_bytes\":$((size)),\"sha256\":\"${sum%% *}\"}"
    done
}

# disk_reason FOLDER: sets `reason`. A shell has no errno, but df(1) tells a full disk.
disk_reason() {
    reason='spool-unwritable: a line could not be written'
    free=$(df -k "$1" 2>/dev/null | tail -n 1) || return 0
    case $free in
    *' 0 100% '* | *' 100% '*) reason='disk-full: No space left on device' ;;
    esac
}
