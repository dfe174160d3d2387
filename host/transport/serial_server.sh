# The far end of the serial console: answers numbered requests, each a line of less than 4096
# characters, until the line Q. POSIX sh; tools: see README.md of this folder. Started as
#   sh THIS serve FOLDER TAG CODE SUM TTY_SETTINGS   CODE: base64 or octal; SUM: cksum or md5sum
#   sh THIS job JOB_FOLDER WITH_STDIN WITH_STDERR NAP  (by itself)
# Request: "TAG.NUMBER SUM OPERATION ARGUMENTS". The checksum is that of all but itself.
# Answer: "=B TAG.NUMBER SUM", the coded bytes, "=E TAG.NUMBER". "=N" for a line that is none.
# A repeated number gets the last answer again: whatever was asked happens once.
mode=$1
D=$2
T=$3
C=$4
S=$5
G=$6
dec() {
if [ "$C" = octal ]; then printf "$1"; else printf %s "$1" | base64 -d; fi
}
enc() {
if [ "$C" = octal ]; then od -v -b <"$1"; else base64 <"$1"; fi
}
# A job: the command's output waits in numbered files of 512 bytes, 8 at most for each stream.
pump() {
n=0
while dd bs=512 count=1 of="$1.t" 2>/dev/null && [ -s "$1.t" ]; do
mv "$1.t" "$1.$n" || exit 1
n=$((n+1))
while [ -e "$1.$((n-8))" ]; do sleep "$N"; done
done
: >"$1.end"
}
# What is written to a fifo that nobody has open is lost: hence the sign that it is.
feed() {
exec 4<>"$J/bell"
: >"$J/open"
while read -r k <&4 && [ "$k" != end ]; do
cat "$J/i.$k" || exit 0
rm -f "$J/i.$k"
done
}
input() {
exec 3>&-
[ "$I" = 0 ] || feed
}
get() {
sh "$J/c" 2>&3 3>&-
echo $? >"$J/s.t"
mv "$J/s.t" "$J/s"
}
if [ "$mode" = job ]; then
J=$2
I=$3
E=$4
N=$5
cd /
echo $$ >"$J/p.t" && mv "$J/p.t" "$J/p" || exit 1
if [ "$E" = 1 ]; then
{ input | get | pump "$J/o" 3>&-; } 3>&1 | pump "$J/e"
else
: >"$J/e.end"
{ input | get | pump "$J/o"; } 3>/dev/null
fi
exit
fi
# Ends the job of a folder, if its process is still the one that was started for it.
end() {
p=
[ -s "$1/p" ] && read -r p <"$1/p"
if [ -n "$p" ] && grep -q "$1" "/proc/$p/cmdline" 2>/dev/null; then
kill -9 "-$p" 2>/dev/null || kill -9 "$p" 2>/dev/null
fi
rm -rf "$1"
}
bye() {
set +f
for j in "$D"/j*; do [ -d "$j" ] && end "$j"; done
rm -rf "$D"
stty "$G" 2>/dev/null
exit 0
}
# What an earlier connection over this same line left behind.
me=$(tty 2>/dev/null || echo line)
echo "$me" >"$D/tty"
for d in "${D%.*}".*; do
if [ "$d" != "$D" ] && [ -O "$d" ] && [ "$(cat "$d/tty" 2>/dev/null)" = "$me" ]; then
for j in "$d"/j*; do [ -d "$j" ] && end "$j"; done
rm -rf "$d"
fi
done
there() {
[ -f "$f" ] && return 0
if [ -e "$f" ]; then echo "not a regular file" >&2; else echo "No such file or directory" >&2; fi
return 1
}
start() {
command -v setsid >/dev/null 2>&1 && s=setsid || s=
[ -z "$6" ] || { mkdir -p "$j" && dec "$6" >>"$j/c"; } || return 1
[ "$3" = 0 ] || mkfifo "$j/bell" || mknod "$j/bell" p || return 1
( $s sh "$D/s" job "$j" "$3" "$4" "$5" </dev/null >/dev/null 2>&1 & )
}
over() {
[ -s "$j/s" ] && [ -e "$j/o.end" ] && [ -e "$j/e.end" ]
}
give() {
[ -d "$j" ] || { echo "no such job" >&2; return 1; }
ko=$3
ke=$4
most=$5
shift 5
old=
for i in 1 2 3 4 5 6 7 8; do
[ -e "$j/o.$((ko-i))" ] && old="$old $j/o.$((ko-i))"
[ -e "$j/e.$((ke-i))" ] && old="$old $j/e.$((ke-i))"
done
[ -z "$old" ] || rm -f $old
for z in "$@"; do
[ -e "$j/o.$ko" ] || [ -e "$j/e.$ke" ] || over && break
sleep "$z"
done
st=-
all=0
over && all=1
[ -s "$j/s" ] && read -r st <"$j/s"
no=0
os=
while [ $no -lt $most ] && [ -e "$j/o.$((ko+no))" ]; do os="$os $j/o.$((ko+no))"; no=$((no+1)); done
ne=0
es=
while [ $ne -lt $most ] && [ -e "$j/e.$((ke+ne))" ]; do es="$es $j/e.$((ke+ne))"; ne=$((ne+1)); done
if [ -e "$j/o.$((ko+no))" ] || [ -e "$j/e.$((ke+ne))" ]; then all=0; fi
so=-
if [ $no -gt 0 ] && [ $ne -gt 0 ]; then so=$(cat $os | wc -c); fi
echo $no $ne $so $st $all
[ -z "$os$es" ] || cat $os $es
[ $all = 0 ] || drop
}
drop() {
[ ! -e "$j/bell" ] || echo end 1<>"$j/bell"
rm -rf "$j"
}
room() {
[ -d "$j" ] || { echo gone; return 0; }
[ ! -s "$j/s" ] || { echo gone; return 0; }
[ -e "$j/open" ] && [ ! -e "$j/i.$(($3-8))" ] || { echo full; return 0; }
if [ -n "$4" ]; then dec "$4" >"$j/i.$3" && echo "$3" 1<>"$j/bell"
else echo end 1<>"$j/bell"; fi
echo taken
}
fill() {
case $f in */*) mkdir -p "${f%/*}/" || return 1;; esac
dd if=/dev/null of="$f" bs=1 seek="$1" count=0
}
# A piece that is here already, under another request, is not taken a second time.
add() {
eval "f=\$f$2 n=\$n$2"
[ "$3" = "$n" ] || { echo "piece $3 is not next" >&2; return 1; }
dec "$4" >>"$f" && eval "n$2=\$((n+1))"
}
size() {
sync "$f" >/dev/null 2>&1
set -- $(ls -lnL "$f") && echo "$5"
}
op() {
j=$D/j$2
case $1 in
F) eval "n$2=0"; eval "f$2=\$(dec \"\$3\"; echo .) && f$2=\${f$2%.}" ;;
T) eval "f=\$f$2" && fill "$3" ;;
A) add "$@" ;;
V) eval "echo \$n$2" ;;
L) eval "f=\$f$2" && size ;;
G) eval "f=\$f$2" && there && dd if="$f" bs="$3" skip="$4" count=1 ;;
c) mkdir -p "$j" && dec "$3" >>"$j/c" ;;
S) start "$@" ;;
R) give "$@" ;;
I) room "$@" ;;
K) i=0; while [ ! -s "$j/p" ] && [ $i -lt 3 ]; do sleep 1; i=$((i+1)); done; end "$j" ;;
X) drop ;;
H) echo hello ;;
*) echo "no such request" >&2; return 1 ;;
esac
}
say() {
crc=$($S <"$D/r")
printf '\n=B %s %s\n' "$last" "${crc%% *}"
enc "$D/r"
printf '=E %s\n' "$last"
}
trap bye INT TERM
stty -echo -isig -ixon 2>/dev/null || stty -echo 2>/dev/null
set -f
last=
lost=0
say_not() { printf '\n=N %s\n' "$T"; }
say_not
while [ $lost -lt 5 ]; do
read -r id sum line || { lost=$((lost+1)); sleep 1; continue; }
lost=0
[ "$id" != Q ] || bye
case $id in "$T".*) ;; "") continue ;; *) say_not; continue ;; esac
crc=$(printf '%s %s' "$id" "$line" | $S)
[ "${crc%% *}" = "$sum" ] || { say_not; continue; }
if [ "$id" != "$last" ]; then
last=$id
{ echo ok; op $line; } >"$D/r" 2>"$D/x" || { { echo no; dd bs=500 count=1 <"$D/x" 2>/dev/null; } >"$D/r"; }
fi
say
done
