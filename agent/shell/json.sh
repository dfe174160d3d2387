# JSON for the host, made of texts that may hold anything.

# json_text TEXT: sets `js` to a JSON string. Bytes that are not printable ASCII become `?`.
json_text() {
    js=$1
    while case $js in *"$NL"*) ;; *) false ;; esac do
        js="${js%%"$NL"*}?${js#*"$NL"}"
    done
    case $js in *[!\ -~]*) js=$(put "$js" | sed 's/[^ -~]/?/g') ;; esac
    case $js in *[\\\"]*) js=$(put "$js" | sed 's/[\\"]/\\&/g') ;; esac
    js=\"$js\"
}

# Members of one object are collected in `members`, elements of one list in `elements`.
member() { members="$members${members:+,}\"$1\":$2"; }
text_member() {
    json_text "$2"
    member "$1" "$js"
}

# first_of PATH: sets `line` to the first line of a file, cut to 400 bytes; fails without one.
first_of() {
    line=
    [ -r "$1" ] || return 1
    read -r line <"$1"
    cut_line 400
    [ -n "$line" ]
} 2>/dev/null

# cut_line N: cuts `line` to N bytes.
cut_line() {
    [ ${#line} -le "$1" ] || line=$(put "$line" | cut -c "1-$1")
}

# Members of the files of one folder: file_members FOLDER NAME...
file_members() {
    folder=$1
    shift
    for one; do
        first_of "$folder/$one" && text_member "$one" "$line"
    done
}

# source_elements FILE: sets `elements` to the channels of source lines, fields of
# collectors.reading.Channel and kind_of_source. An ODPM's clock is this agent's: its rails say which
# channel stamps them.
source_elements() {
    elements=
    stamped=
    [ -f "$1" ] || return 0
    while IFS='|' read -r name unit kind path quantity scale tier; do
        members=
        text_member name "$name"
        text_member unit "$unit"
        text_member kind "$kind"
        text_member quantity "${quantity:-state}"
        text_member source "$path"
        member resolution null
        member wraps_at null
        case $scale in '' | *[!0-9.]*) scale=1 ;; esac
        member scale "$scale"
        text_member tier "$tier"
        text_member note ''
        text_member kind_of_source "${name%%.*}"
        case $path in
        *'#t=') stamped=${path%'#t='} && stamp_name=$name ;;
        *'#CH'*) [ "${path%'#CH'*}" != "$stamped" ] || text_member stamped_by "$stamp_name" ;;
        esac
        elements="$elements${elements:+,}{$members}"
    done <"$1"
}

# absent_elements FILE: the same for lines `kind|source|reason`.
absent_elements() {
    elements=
    [ -f "$1" ] || return 0
    while IFS='|' read -r kind path reason; do
        members=
        text_member kind "$kind"
        text_member source "$path"
        text_member reason "$reason"
        text_member fix ''
        elements="$elements${elements:+,}{$members}"
    done <"$1"
}
