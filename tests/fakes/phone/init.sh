# The phone's first process: starts adbd with the loader and the libraries of its own release.
cd /
for folder in /apex/adbd/usr/lib/*-linux-gnu*; do
    libraries=$folder
done
for loader in "$libraries"/ld-linux*; do :; done
# What a test faked in the framework's state does not live through a start.
rm -f /data/phone/*/*.fake
# One that dies is started anew, as Android's init does (adbd.rc has no `oneshot`).
while :; do
    "$loader" --library-path "$libraries:$libraries/android" \
        /apex/adbd/usr/lib/android-sdk/platform-tools/adbd </dev/null &
    wait
    sleep 0.1
done
