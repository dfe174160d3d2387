# What a getty starts: asks for a password without echo, then becomes a login shell.
# sh console_login.sh USER PASSWORD SHELL_PATH HOME -- NAME
want=$1 secret=$2 path=$3 home=$4 name=$6
tries=0
while :; do
    stty -echo
    printf 'Password: '
    read -r word
    stty echo
    echo
    [ "$name:$word" = "$want:$secret" ] && break
    sleep 0.2
    printf 'Login incorrect\n'
    tries=$((tries + 1))
    [ $tries -lt 3 ] || exit 1
    printf 'unit login: '
    read -r name
done
printf '\033[1;31mACME head unit\033[0m, kernel 5.10\n\033]0;unit\007* do not touch the brakes\n'
cd "$home" || exit 1
exec env -i PATH="$path" HOME="$home" TERM=vt100 USER="$name" \
    PS1='\033[1;32m'"$name"'@unit\033[0m:\w\$ ' sh -i
