# The `device` message: facts of the same names and shapes as agent/device.py gives, as far as a
# shell can have them; `absent` says which are not. No serial number is read.

PROPERTIES='ro.product.manufacturer ro.product.model ro.board.platform ro.soc.model
ro.build.version.release ro.build.version.sdk ro.build.version.security_patch ro.hardware'

say_device() {
    facts=
    lacks=
    fact cpu cpu_members
    fact memory_bytes memory_members
    fact system system_members
    fact product product_members
    fact frequency frequency_members
    fact power_supplies supply_members
    fact temperatures_c temperature_members
    fact cpu_ticks tick_members
    fact load load_members
    read -r up idle <"$PROC/uptime" && facts="$facts,\"uptime_s\":$up"
    facts="$facts,\"boot_id\":\"$boot\""
    put "{\"type\":\"device\"${facts},\"absent\":[$lacks]}"
}

# fact NAME FUNCTION: an object of the members that the function finds.
fact() {
    members=
    $2 2>/dev/null
    if [ -n "$members" ]; then
        facts="$facts,\"$1\":{$members}"
    else
        lacks="$lacks${lacks:+,}{\"fact\":\"$1\",\"reason\":\"not-present: nothing is readable\"}"
    fi
}

cpu_members() {
    while IFS=: read -r key line; do
        key=${key%"${key##*[!	 ]}"}
        line=${line# }
        cut_line 400
        case $key in
        'model name') text_member name "$line" ;;
        Hardware) text_member hardware "$line" ;;
        vendor_id) text_member vendor "$line" ;;
        'CPU implementer') text_member implementer "$line" ;;
        'CPU part') text_member part "$line" ;;
        'CPU variant') text_member variant "$line" ;;
        'CPU revision') text_member revision "$line" ;;
        '') break ;;
        esac
    done <"$PROC/cpuinfo"
}

# KiB as bytes. mksh has 32 bits, so thousands and the rest are multiplied apart.
memory_members() {
    while read -r key line idle; do
        case $key in
        MemTotal:) in_bytes total ;;
        MemAvailable:) in_bytes available ;;
        SwapTotal:) in_bytes swap_total ;;
        esac
    done <"$PROC/meminfo"
}
in_bytes() {
    whole "$line" 0 999999999 || return 0
    low=$((line % 1000 * 1024))
    low_rest=$((low % 1000 + 1000))
    high=$((line / 1000 * 1024 + low / 1000))
    if [ $high -gt 0 ]; then
        member "$1" $high${low_rest#1}
    else
        member "$1" $low
    fi
}

system_members() {
    text_member system "$(uname -s)"
    text_member kernel "$(uname -r)"
    text_member version "$(uname -v)"
    text_member machine "$(uname -m)"
    while IFS='=' read -r key line; do
        [ "$key" = PRETTY_NAME ] || continue
        line=${line#\"}
        text_member name "${line%\"}"
    done </etc/os-release
}

product_members() {
    if command -v getprop >/dev/null; then
        for key in $PROPERTIES; do
            line=$(getprop "$key")
            cut_line 400
            [ -z "$line" ] || text_member "$key" "$line"
        done
    elif first_of "$PROC/device-tree/model"; then
        text_member model "$line"
    else
        file_members "$SYS/class/dmi/id" sys_vendor product_name product_version board_name
    fi
}

# each_folder FUNCTION-LESS: an object a folder, of the files named: folders_of PATTERN FILE...
folders_of() {
    all=
    pattern=$1
    shift
    for found in $pattern; do
        [ -d "$found" ] || continue
        members=
        file_members "$found" "$@"
        json_text "${found##*/}"
        [ -z "$members" ] || all="$all${all:+,}$js:{$members}"
    done
    members=$all
}
frequency_members() {
    folders_of "$SYS/devices/system/cpu/cpufreq/policy[0-9]*" scaling_driver scaling_governor \
        scaling_min_freq scaling_max_freq cpuinfo_min_freq cpuinfo_max_freq affected_cpus
}
supply_members() {
    folders_of "$SYS/class/power_supply/*" type status online present capacity voltage_now \
        current_now power_now charge_now charge_full energy_now temp cycle_count
}

# Millidegrees (kernel thermal/sysfs-api.rst) as degrees: the point is set as text.
temperature_members() {
    for zone in "$SYS"/class/thermal/thermal_zone*; do
        first_of "$zone/temp" || continue
        value=$line
        check_value "$zone/temp"
        case $value in !* | *.* | ????????*) continue ;; esac
        sign=
        [ "$value" -ge 0 ] || sign=-
        value=${value#-}
        thousandths=$((value % 1000 + 1000))
        first_of "$zone/type" || line=unnamed
        json_text "${zone##*/}.$line"
        members="$members${members:+,}$js:$sign$((value / 1000)).${thousandths#1}"
    done
}

# Ticks of all CPUs and those of them without work (proc_stat(5)), summed up in two halves.
tick_members() {
    read -r key user nice system idle_ticks iowait irq softirq steal idle <"$PROC/stat"
    [ "$key" = cpu ] || return 0
    sum_of "$user" "$nice" "$system" "$idle_ticks" "$iowait" "$irq" "$softirq" "$steal"
    member total "$sum"
    sum_of "$idle_ticks" "$iowait"
    member idle "$sum"
}

# sum_of NUMBER...: sets `sum`; numbers of up to 14 digits.
sum_of() {
    high=0
    low=0
    for one; do
        case $one in
        ??????*)
            head=${one%?????}
            high=$((high + head))
            one=1${one#"$head"}
            low=$((low + one - 100000))
            ;;
        *) low=$((low + one)) ;;
        esac
    done
    high=$((high + low / 100000))
    low=$((low % 100000 + 100000))
    sum=$high${low#1}
    [ $high -gt 0 ] || sum=$((low - 100000))
}

load_members() {
    read -r one five fifteen idle <"$PROC/loadavg"
    members="\"1min\":$one,\"5min\":$five,\"15min\":$fifteen"
}
