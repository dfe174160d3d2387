# What can be sampled here, as lines
#
#     name|unit|kind|path|quantity|scale|tier
#
# Name, unit (UCUM), kind and quantity as in collectors/README.md; scale and tier may be left out.
# Channels whose name begins with one word are one source, read one after the other between two
# stamps, and one stream. A path is read whole as one number, or ends in a selector:
#
#     #N        word N of its first line
#     #KEY      the word after `KEY:`; keys of one file have to come in the file's order
#     #thermal  a number, 0 of which is a sensor that is not fitted
#     #t=, #CHn the time of an ODPM's file, and the energy of its channel n, in the file's order
#     #status   the word of a power supply as the number that Android's BatteryManager has for it
#
# `@` in /proc/@/ stands for the process of the runner.
# INFEROMETER_PROC and INFEROMETER_SYS put other trees in the place of /proc and /sys.

PROC=${INFEROMETER_PROC:-/proc}
SYS=${INFEROMETER_SYS:-/sys}

# found_sources: writes the lines of all that is there to stdout, what is not to descriptor 4 as
# `kind|source|reason`.
found_sources() {
    thermal_sources
    supply_sources
    frequency_sources
    rapl_sources
    odpm_sources
    memory_sources
    cpu_sources
    page_bytes=$(getconf PAGESIZE 2>/dev/null) || page_bytes=4096
    put "process.rss|{page}|instant|$PROC/@/statm#2|memory|$page_bytes|"
}

# absent KIND PATH: says why it cannot be read.
absent() {
    why_unread "$2"
    put "$1|$2|$reason" >&4
}

# why_unread PATH: sets `reason`. A shell has no errno: it looks what the file is like.
why_unread() {
    reason='not-present: no such file'
    if [ -e "$1" ]; then
        reason='not-readable: access is refused'
        [ -r "$1" ] && reason='not-readable: it gives no text'
    fi
}

# slug TEXT: sets `slug` to a word of a channel's name, another one if it was taken before.
slug() {
    slug=$(put "$1" | sed 'y/ABCDEFGHIJKLMNOPQRSTUVWXYZ/abcdefghijklmnopqrstuvwxyz/
s/[^a-z0-9_-]/-/g' | cut -c 1-40)
    slug=${slug#"${slug%%[!-]*}"}
    slug=${slug%"${slug##*[!-]}"}
    slug=${slug:-unnamed}
    slug_count=2
    slug_base=$slug
    while case $slugs in *" $slug "*) ;; *) false ;; esac do
        slug=$slug_base-$slug_count
        slug_count=$((slug_count + 1))
    done
    slugs="$slugs$slug "
}

thermal_sources() {
    slugs=' '
    seen=
    for zone in "$SYS"/class/thermal/thermal_zone*; do
        [ -e "$zone/temp" ] || continue
        seen=1
        first_of "$zone/temp" || { absent thermal "$zone/temp" && continue; }
        first_of "$zone/type" || line=${zone##*/}
        slug "$line"
        put "thermal.$slug.temperature|mCel|instant|$zone/temp#thermal|temperature|1|"
    done
    [ -n "$seen" ] || absent thermal "$SYS/class/thermal/thermal_zone0/temp"
}

supply_sources() {
    slugs=' '
    seen=
    for supply in "$SYS"/class/power_supply/*; do
        [ -d "$supply" ] || continue
        seen=1
        slug "${supply##*/}"
        supply_channel voltage_now 'voltage|uV' 'voltage|1|C'
        supply_channel current_now 'current|uA' 'current|1|C'
        supply_channel power_now 'power|uW' 'power|1|C'
        supply_channel charge_counter 'charge|uA.h' 'charge|1|C'
        supply_channel capacity 'capacity|%' 'charge|1|'
        supply_channel temp 'temperature|dCel' 'temperature|1|'
        [ -e "$supply/status" ] &&
            put "power_supply.$slug.status|1|state|$supply/status#status|state|1|"
    done
    [ -n "$seen" ] || absent power_supply "$SYS/class/power_supply/battery"
}

supply_channel() {
    [ -e "$supply/$1" ] || return 0
    first_of "$supply/$1" || { absent power_supply "$supply/$1" && return 0; }
    put "power_supply.$slug.$2|instant|$supply/$1|$3"
}

frequency_sources() {
    seen=
    for policy in "$SYS"/devices/system/cpu/cpufreq/policy[0-9]*; do
        [ -e "$policy/scaling_cur_freq" ] || continue
        seen=1
        put "cpufreq.${policy##*/}.frequency|kHz|instant|$policy/scaling_cur_freq|frequency|1|"
    done
    [ -n "$seen" ] || absent cpufreq "$SYS/devices/system/cpu/cpufreq/policy0/scaling_cur_freq"
}

rapl_sources() {
    slugs=' '
    seen=
    for zone in "$SYS"/class/powercap/intel-rapl:[0-9]*; do
        [ -e "$zone/energy_uj" ] || continue
        seen=1
        first_of "$zone/energy_uj" || { absent rapl "$zone/energy_uj" && continue; }
        first_of "$zone/name" || line=${zone##*/}
        slug "$line"
        put "rapl.$slug.energy|uJ|counter|$zone/energy_uj|energy|1|B"
    done
    [ -n "$seen" ] || absent rapl "$SYS/class/powercap/intel-rapl:0/energy_uj"
}

# Rails of a Pixel (collectors/device/odpm.py); elsewhere nobody misses them.
odpm_sources() {
    slugs=' '
    for device in "$SYS"/bus/iio/devices/iio:device[0-9]*; do
        [ -e "$device/energy_value" ] || continue
        first_of "$device/energy_value" || { absent odpm "$device/energy_value" && continue; }
        first_of "$device/name" || line=${device##*/}
        slug "$line"
        put "odpm.$slug.stamp|ms|counter|$device/energy_value#t=|time|1|"
        while IFS= read -r line; do
            case $line in CH[0-9]*'('*'['*'], '*) ;; *) continue ;; esac
            number=${line%%'('*}
            case $number in *[!CH0-9]* | ??????*) continue ;; esac
            line=${line#*'['}
            slug "${line%%']'*}"
            put "odpm.$slug.energy|uJ|counter|$device/energy_value#$number|energy|1|B"
        done <"$device/energy_value"
    done
}

# In the order of /proc/meminfo (proc_meminfo(5)), so that one pass finds them.
memory_sources() {
    first_of "$PROC/meminfo" || { absent memory "$PROC/meminfo" && return 0; }
    put "memory.free|KiBy|instant|$PROC/meminfo#MemFree|memory|1|"
    put "memory.available|KiBy|instant|$PROC/meminfo#MemAvailable|memory|1|"
    put "memory.cached|KiBy|instant|$PROC/meminfo#Cached|memory|1|"
}

# Words of the line `cpu` (proc_stat(5)) in ticks of 10 ms: USER_HZ is 100 but on Alpha. Busy time
# is a sum that 32 bits cannot hold, so its parts are given.
cpu_sources() {
    first_of "$PROC/stat" || { absent cpu "$PROC/stat" && return 0; }
    put "cpu.total.user|s|counter|$PROC/stat#2|cpu_time|0.01|"
    put "cpu.total.nice|s|counter|$PROC/stat#3|cpu_time|0.01|"
    put "cpu.total.system|s|counter|$PROC/stat#4|cpu_time|0.01|"
    put "cpu.total.idle|s|counter|$PROC/stat#5|idle|0.01|"
    put "cpu.total.steal|s|counter|$PROC/stat#9|cpu_time|0.01|"
}
